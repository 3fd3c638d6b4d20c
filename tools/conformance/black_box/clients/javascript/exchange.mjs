// Opens what others sealed, and seals for them: FOLDER KEY.
// Every `.message` in FOLDER is to hold what FOLDER/plain holds.

import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { buildClient, CommitmentPolicy, KmsKeyringNode } from "@aws-crypto/client-node";

const [folder, generatorKeyId] = process.argv.slice(2);
const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const keyring = new KmsKeyringNode({ generatorKeyId });
const plain = await readFile(join(folder, "plain"));
const messages = (await readdir(folder)).filter((name) => name.endsWith(".message")).sort();
for (const name of messages) {
  const { plaintext, messageHeader } = await sdk.decrypt(keyring, await readFile(join(folder, name)));
  assert.deepEqual(plaintext, plain, name);
  assert.equal(messageHeader.encryptionContext.project, "apollo", name);
}
const { result } = await sdk.encrypt(keyring, plain, { encryptionContext: { project: "apollo" } });
await writeFile(join(folder, "javascript.message"), result);
console.log(JSON.stringify(messages));
