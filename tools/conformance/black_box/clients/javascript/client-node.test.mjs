// AWS's Encryption SDK for JavaScript, its data keys made and opened by Sealroom.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";

import {
  AlgorithmSuiteIdentifier,
  buildAwsKmsMrkAwareStrictMultiKeyringNode,
  buildClient,
  CommitmentPolicy,
  getLocalCryptographicMaterialsCache,
  KmsKeyringNode,
  NodeCachingMaterialsManager,
} from "@aws-crypto/client-node";
import { KMS } from "@aws-sdk/client-kms";

import { refused, until } from "./refused.mjs";

const HOME = "000000000000";
const kms = new KMS({ maxAttempts: 1 });
const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const older = buildClient(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT);
const encryptionContext = { project: "apollo", "grüße": "aus Köln" };
const plain = Buffer.from("content ".repeat(1000));

async function key(members) {
  return (await kms.createKey(members ?? {})).KeyMetadata.Arn;
}

function strict(...arns) {
  return new KmsKeyringNode({ generatorKeyId: arns[0], keyIds: arns.slice(1) });
}

function discovery(...accountIDs) {
  return new KmsKeyringNode({ discovery: true, discoveryFilter: { accountIDs, partition: "aws" } });
}

async function sealed(keyring, how) {
  return (await sdk.encrypt(keyring, plain, { encryptionContext, ...how })).result;
}

async function opens(keyring, message, client = sdk) {
  const { plaintext, messageHeader } = await client.decrypt(keyring, message);
  assert.deepEqual(plaintext, plain);
  for (const [name, value] of Object.entries(encryptionContext)) {
    assert.equal(messageHeader.encryptionContext[name], value);
  }
}

test("a message opens with its key, by name and by account, and with no other", async () => {
  const [one, two] = [await key(), await key()];
  const message = await sealed(strict(one));
  await opens(strict(one), message);
  await opens(discovery(HOME), message);
  await assert.rejects(sdk.decrypt(strict(two), message), /has not been set/);
  await assert.rejects(sdk.decrypt(discovery("111122223333"), message), /has not been set/);
});

test("each of several keys opens a message", async () => {
  const [one, two, three] = [await key(), await key(), await key()];
  const message = await sealed(strict(one, two));
  for (const arn of [one, two]) await opens(strict(arn), message);
  await assert.rejects(sdk.decrypt(strict(three), message), /has not been set/);
  await kms.disableKey({ KeyId: one });
  await opens(discovery(HOME), message);
  await assert.rejects(sdk.decrypt(strict(one), message), /is disabled/);
  await assert.rejects(sealed(strict(two, one)), /is disabled/);
});

test("the encryption context is bound: of a changed one no data key is decrypted", async () => {
  const arn = await key();
  for (const suiteId of [
    AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
    AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
  ]) {
    const message = await sealed(strict(arn), { suiteId });
    await opens(strict(arn), message);
    const changed = Buffer.from(message);
    changed.write("gemini", changed.indexOf("apollo"));
    await assert.rejects(sdk.decrypt(strict(arn), changed), /InvalidCiphertextException/);
  }
});

test("a damaged message isn't opened", async () => {
  const arn = await key();
  const message = await sealed(strict(arn));
  for (const at of [message.length - 1, message.length - 1000]) {
    const damaged = Buffer.from(message);
    damaged[at] ^= 1;
    await assert.rejects(sdk.decrypt(strict(arn), damaged));
  }
});

test("megabytes stream", async () => {
  const arn = await key();
  const content = randomBytes(3_000_001);
  const message = await buffer(Readable.from([content]).pipe(sdk.encryptStream(strict(arn), { encryptionContext })));
  assert.deepEqual(await buffer(Readable.from([message]).pipe(sdk.decryptStream(strict(arn)))), content);
});

test("a message from before key commitment opens where the policy allows it", async () => {
  const arn = await key();
  const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384;
  const message = (await older.encrypt(strict(arn), plain, { suiteId, encryptionContext })).result;
  await opens(strict(arn), message, older);
  await assert.rejects(sdk.decrypt(strict(arn), message), /commitment/i);
});

test("a rotation between: messages of before and after open", async () => {
  const arn = await key();
  const before = await sealed(strict(arn));
  const current = async () => (await kms.describeKey({ KeyId: arn })).KeyMetadata.CurrentKeyMaterialId;
  const first = await current();
  await kms.rotateKeyOnDemand({ KeyId: arn });
  await until(async () => (await current()) !== first, "the rotation ends");
  const after = await sealed(strict(arn));
  for (const message of [before, after]) await opens(strict(arn), message);
});

test("a cache asks for one data key for many messages", async () => {
  const arn = await key();
  const caching = new NodeCachingMaterialsManager({
    backingMaterials: strict(arn),
    cache: getLocalCryptographicMaterialsCache(10),
    maxAge: 60_000,
    maxMessagesEncrypted: 2,
  });
  const messages = [];
  for (let made = 0; made < 4; made += 1) {
    messages.push((await sdk.encrypt(caching, plain, { encryptionContext, plaintextLength: plain.length })).result);
  }
  for (const message of messages) await opens(strict(arn), message);
  const data = [];
  for (const message of messages) {
    const { messageHeader } = await sdk.decrypt(strict(arn), message);
    data.push(Buffer.from(messageHeader.encryptedDataKeys[0].encryptedDataKey).toString("hex"));
  }
  assert.equal(new Set(data).size, 2);
  await kms.disableKey({ KeyId: arn });
  await assert.rejects(sdk.encrypt(caching, plain, { encryptionContext: { project: "gemini" } }), /is disabled/);
});

test("a replica in another Region opens what its primary key sealed", async () => {
  const primary = await key({ MultiRegion: true });
  const there = new KMS({ maxAttempts: 1, region: "eu-west-1" });
  await kms.replicateKey({ KeyId: primary, ReplicaRegion: "eu-west-1" });
  const replica = primary.replace("us-east-1", "eu-west-1");
  const state = async () => (await there.describeKey({ KeyId: replica })).KeyMetadata.KeyState;
  await until(async () => (await state()) === "Enabled", "the replica settles");
  const aware = (generatorKeyId) => buildAwsKmsMrkAwareStrictMultiKeyringNode({ generatorKeyId });
  const message = await sealed(aware(primary));
  await opens(aware(replica), message);
  await there.disableKey({ KeyId: replica });
  await assert.rejects(sdk.decrypt(aware(replica), message), /is disabled/);
  await opens(aware(primary), message);
});

test("who may not make a data key makes no message", async () => {
  const arn = await key();
  const stranger = new KmsKeyringNode({
    generatorKeyId: arn,
    clientProvider: (region) =>
      new KMS({ region, maxAttempts: 1, credentials: { accessKeyId: "111122223333", secretAccessKey: "test" } }),
  });
  await refused(sealed(stranger), "AccessDeniedException", /111122223333/);
});
