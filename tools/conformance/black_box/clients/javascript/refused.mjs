// What the suites share: an answer of KMS that says no, and waiting for what the server does by itself.

import assert from "node:assert/strict";

/** Holds when `promise` fails with an exception of KMS of that name, and of `text`, if one is given. */
export async function refused(promise, name, text) {
  const error = await promise.then(
    () => assert.fail(`${name} was to come`),
    (error) => error,
  );
  assert.equal(error.name, name, `${error.stack}`);
  assert.equal(error.$metadata?.httpStatusCode, 400);
  if (text !== undefined) assert.match(error.message, text);
  return error;
}

/** Returns once `holds()` is true: at most 20 seconds. */
export async function until(holds, what) {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  assert.fail(`not after 20 s: ${what}`);
}
