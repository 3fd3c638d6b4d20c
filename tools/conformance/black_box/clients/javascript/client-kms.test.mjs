// The AWS SDK for JavaScript against Sealroom. The environment says where it is and who calls.

import assert from "node:assert/strict";
import * as crypto from "node:crypto";
import { test } from "node:test";

import {
  DisabledException,
  IncorrectKeyException,
  InvalidCiphertextException,
  KMS,
  KMSInvalidMacException,
  KMSInvalidSignatureException,
  NotFoundException,
  paginateListAliases,
} from "@aws-sdk/client-kms";

import { refused, until } from "./refused.mjs";

const kms = new KMS({ maxAttempts: 1 });
const other = new KMS({
  maxAttempts: 1,
  credentials: { accessKeyId: "111122223333", secretAccessKey: "test" },
});
const message = new TextEncoder().encode("grüße aus Köln");
const apollo = { project: "apollo", "grüße": "aus Köln" };

async function created(members) {
  return (await kms.createKey(members ?? {})).KeyMetadata;
}

function spki(answer) {
  return crypto.createPublicKey({ key: Buffer.from(answer.PublicKey), format: "der", type: "spki" });
}

test("a data key comes in the clear and encrypted, and its context binds it", async () => {
  const { Arn } = await created();
  for (const [asked, length] of [
    [{ KeySpec: "AES_256" }, 32],
    [{ KeySpec: "AES_128" }, 16],
    [{ NumberOfBytes: 1000 }, 1000],
  ]) {
    const made = await kms.generateDataKey({ KeyId: Arn, ...asked, EncryptionContext: apollo });
    assert.equal(made.Plaintext.length, length);
    const opened = await kms.decrypt({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: apollo });
    assert.deepEqual([opened.Plaintext, opened.KeyId], [made.Plaintext, Arn]);
    for (const EncryptionContext of [undefined, { ...apollo, project: "gemini" }]) {
      const error = await refused(
        kms.decrypt({ CiphertextBlob: made.CiphertextBlob, EncryptionContext }),
        "InvalidCiphertextException",
      );
      assert.ok(error instanceof InvalidCiphertextException);
    }
  }
  const later = await kms.generateDataKeyWithoutPlaintext({ KeyId: Arn, KeySpec: "AES_256" });
  assert.equal(later.Plaintext, undefined);
  assert.equal((await kms.decrypt({ CiphertextBlob: later.CiphertextBlob })).Plaintext.length, 32);
});

test("a pair of keys comes in the clear and encrypted", async () => {
  const { Arn } = await created();
  const pair = await kms.generateDataKeyPair({ KeyId: Arn, KeyPairSpec: "ECC_NIST_P256" });
  const pkcs8 = { key: Buffer.from(pair.PrivateKeyPlaintext), format: "der", type: "pkcs8" };
  const signature = crypto.sign("sha256", message, crypto.createPrivateKey(pkcs8));
  assert.ok(crypto.verify("sha256", message, spki(pair), signature));
  const opened = await kms.decrypt({ CiphertextBlob: pair.PrivateKeyCiphertextBlob });
  assert.deepEqual(opened.Plaintext, pair.PrivateKeyPlaintext);
});

test("what one key encrypted, another doesn't decrypt", async () => {
  const [one, two] = [await created(), await created()];
  const { CiphertextBlob } = await kms.encrypt({ KeyId: one.KeyId, Plaintext: message });
  assert.deepEqual((await kms.decrypt({ CiphertextBlob, KeyId: one.Arn })).Plaintext, message);
  const wrong = await refused(kms.decrypt({ CiphertextBlob, KeyId: two.Arn }), "IncorrectKeyException");
  assert.ok(wrong instanceof IncorrectKeyException);
  const damaged = Uint8Array.from(CiphertextBlob);
  damaged[damaged.length - 1] ^= 1;
  await refused(kms.decrypt({ CiphertextBlob: damaged }), "InvalidCiphertextException");
});

test("a ciphertext moves to another key and another context", async () => {
  const [one, two] = [await created(), await created()];
  const before = await kms.encrypt({ KeyId: one.Arn, Plaintext: message, EncryptionContext: apollo });
  const moved = await kms.reEncrypt({
    CiphertextBlob: before.CiphertextBlob,
    SourceEncryptionContext: apollo,
    DestinationKeyId: two.Arn,
    DestinationEncryptionContext: { project: "gemini" },
  });
  assert.deepEqual([moved.SourceKeyId, moved.KeyId], [one.Arn, two.Arn]);
  const opened = await kms.decrypt({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { project: "gemini" } });
  assert.deepEqual([opened.Plaintext, opened.KeyId], [message, two.Arn]);
  await refused(
    kms.decrypt({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: apollo }),
    "InvalidCiphertextException",
  );
});

test("a rotation between: the old ciphertext opens, by the old material", async () => {
  const { KeyId } = await created();
  const before = await kms.encrypt({ KeyId, Plaintext: message });
  const first = (await kms.decrypt({ CiphertextBlob: before.CiphertextBlob })).KeyMaterialId;
  await kms.rotateKeyOnDemand({ KeyId });
  const current = async () => (await kms.describeKey({ KeyId })).KeyMetadata.CurrentKeyMaterialId;
  await until(async () => (await current()) !== first, "the rotation ends");
  const after = await kms.encrypt({ KeyId, Plaintext: message });
  for (const [{ CiphertextBlob }, material] of [[before, first], [after, await current()]]) {
    const opened = await kms.decrypt({ CiphertextBlob });
    assert.deepEqual([opened.Plaintext, opened.KeyMaterialId], [message, material]);
  }
  const { Rotations } = await kms.listKeyRotations({ KeyId });
  assert.deepEqual(Rotations.map((rotation) => rotation.RotationType), ["ON_DEMAND"]);
  assert.ok(Rotations[0].RotationDate instanceof Date);
  const hmac = await created({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
  await refused(kms.rotateKeyOnDemand({ KeyId: hmac.KeyId }), "UnsupportedOperationException");
});

test("aliases name keys, page by page", async () => {
  const { KeyId } = await created();
  const names = ["a", "b", "c", "d", "e"].map((name) => `alias/javascript/${name}`);
  for (const AliasName of names) await kms.createAlias({ AliasName, TargetKeyId: KeyId });
  await refused(kms.createAlias({ AliasName: names[0], TargetKeyId: KeyId }), "AlreadyExistsException");
  const pages = [];
  for await (const page of paginateListAliases({ client: kms, pageSize: 2 }, { KeyId })) {
    pages.push(page.Aliases.map((alias) => alias.AliasName));
  }
  assert.deepEqual(pages.map((page) => page.length), [2, 2, 1]);
  assert.deepEqual(pages.flat().sort(), names);
  const { CiphertextBlob } = await kms.encrypt({ KeyId: names[0], Plaintext: message });
  assert.deepEqual((await kms.decrypt({ CiphertextBlob, KeyId: names[4] })).Plaintext, message);
  await kms.deleteAlias({ AliasName: names[0] });
  const lost = kms.encrypt({ KeyId: names[0], Plaintext: message });
  const gone = await refused(lost, "NotFoundException", /javascript\/a/);
  assert.ok(gone instanceof NotFoundException);
});

test("Node verifies what KMS signed, and KMS refuses what it didn't sign", async () => {
  const pss = { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  for (const [KeySpec, SigningAlgorithm, how] of [
    ["RSA_2048", "RSASSA_PSS_SHA_256", pss],
    ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", {}],
    ["ECC_NIST_P256", "ECDSA_SHA_256", {}],
  ]) {
    const { KeyId } = await created({ KeySpec, KeyUsage: "SIGN_VERIFY" });
    const { Signature } = await kms.sign({ KeyId, Message: message, SigningAlgorithm });
    const key = spki(await kms.getPublicKey({ KeyId }));
    assert.ok(crypto.verify("sha256", message, { key, ...how }, Signature), SigningAlgorithm);
    const digest = crypto.createHash("sha256").update(message).digest();
    const asked = { KeyId, Message: digest, MessageType: "DIGEST", SigningAlgorithm };
    assert.equal((await kms.verify({ ...asked, Signature })).SignatureValid, true);
    digest[0] ^= 1;
    const error = await refused(kms.verify({ ...asked, Signature }), "KMSInvalidSignatureException");
    assert.ok(error instanceof KMSInvalidSignatureException);
  }
});

test("KMS decrypts what Node encrypted for it", async () => {
  const { KeyId } = await created({ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
  const key = spki(await kms.getPublicKey({ KeyId }));
  const oaep = { key, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
  const CiphertextBlob = crypto.publicEncrypt(oaep, message);
  const asked = { KeyId, CiphertextBlob, EncryptionAlgorithm: "RSAES_OAEP_SHA_256" };
  assert.deepEqual((await kms.decrypt(asked)).Plaintext, message);
  await refused(kms.decrypt({ ...asked, EncryptionAlgorithm: "RSAES_OAEP_SHA_1" }), "InvalidCiphertextException");
});

test("a shared secret is the one that Node finds", async () => {
  const { KeyId } = await created({ KeySpec: "ECC_NIST_P256", KeyUsage: "KEY_AGREEMENT" });
  const mine = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const PublicKey = mine.publicKey.export({ format: "der", type: "spki" });
  const asked = { KeyId, KeyAgreementAlgorithm: "ECDH", PublicKey };
  const publicKey = spki(await kms.getPublicKey({ KeyId }));
  const found = crypto.diffieHellman({ privateKey: mine.privateKey, publicKey });
  assert.deepEqual(Buffer.from((await kms.deriveSharedSecret(asked)).SharedSecret), found);
  const longer = crypto.generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey;
  const wrong = { ...asked, PublicKey: longer.export({ format: "der", type: "spki" }) };
  await refused(kms.deriveSharedSecret(wrong), "ValidationException");
});

test("a code is verified, and another is refused", async () => {
  const { KeyId } = await created({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
  const asked = { KeyId, Message: message, MacAlgorithm: "HMAC_SHA_256" };
  const { Mac } = await kms.generateMac(asked);
  assert.equal((await kms.verifyMac({ ...asked, Mac })).MacValid, true);
  Mac[0] ^= 1;
  const error = await refused(kms.verifyMac({ ...asked, Mac }), "KMSInvalidMacException");
  assert.ok(error instanceof KMSInvalidMacException);
});

test("key material comes in wrapped by Node, and goes", async () => {
  const { KeyId } = await created({ Origin: "EXTERNAL" });
  const material = crypto.randomBytes(32);
  const parameters = await kms.getParametersForImport({
    KeyId,
    WrappingAlgorithm: "RSAES_OAEP_SHA_256",
    WrappingKeySpec: "RSA_2048",
  });
  assert.ok(parameters.ParametersValidTo > new Date());
  const oaep = { key: spki(parameters), padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
  const asked = { KeyId, ImportToken: parameters.ImportToken, ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" };
  await refused(
    kms.importKeyMaterial({ ...asked, EncryptedKeyMaterial: crypto.randomBytes(256) }),
    "InvalidCiphertextException",
  );
  await kms.importKeyMaterial({ ...asked, EncryptedKeyMaterial: crypto.publicEncrypt(oaep, material) });
  const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext: message });
  await kms.deleteImportedKeyMaterial({ KeyId });
  await refused(kms.decrypt({ CiphertextBlob }), "KMSInvalidStateException", /pending import/);
});

test("a grant lets another account in, by its token at once, until it is revoked", async () => {
  const { Arn } = await created();
  const { CiphertextBlob } = await kms.encrypt({ KeyId: Arn, Plaintext: message });
  const asked = { CiphertextBlob, KeyId: Arn };
  await refused(other.decrypt(asked), "AccessDeniedException", /111122223333/);
  const grant = await kms.createGrant({
    KeyId: Arn,
    GranteePrincipal: "arn:aws:iam::111122223333:root",
    Operations: ["Decrypt"],
  });
  assert.deepEqual((await other.decrypt({ ...asked, GrantTokens: [grant.GrantToken] })).Plaintext, message);
  const ungranted = { KeyId: Arn, Plaintext: message, GrantTokens: [grant.GrantToken] };
  await refused(other.encrypt(ungranted), "AccessDeniedException");
  await kms.revokeGrant({ KeyId: Arn, GrantId: grant.GrantId });
  await refused(other.decrypt(asked), "AccessDeniedException");
});

test("a disabled key does nothing, and one that is to be deleted neither", async () => {
  const { KeyId } = await created();
  await kms.disableKey({ KeyId });
  const error = await refused(kms.encrypt({ KeyId, Plaintext: message }), "DisabledException", /is disabled/);
  assert.ok(error instanceof DisabledException);
  await kms.enableKey({ KeyId });
  await kms.encrypt({ KeyId, Plaintext: message });
  const { DeletionDate } = await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  assert.ok(DeletionDate instanceof Date);
  await refused(kms.encrypt({ KeyId, Plaintext: message }), "KMSInvalidStateException", /pending deletion/);
});

test("who doesn't have the secret isn't answered", async () => {
  const wrong = new KMS({ maxAttempts: 1, credentials: { accessKeyId: "test", secretAccessKey: "wrong" } });
  await refused(wrong.listKeys({}), "InvalidSignatureException");
  const unknown = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "test" };
  const nobody = new KMS({ maxAttempts: 1, credentials: unknown });
  await refused(nobody.listKeys({}), "UnrecognizedClientException");
});
