/** The tests of the client, by name. `run` is called by tests/clients/test_client_js.py. */

const TESTS = new Map();

export function test(name, body) {
  TESTS.set(name, body);
}

/** Run one test; throws what it throws. */
export async function run(name) {
  await TESTS.get(name)();
  return "passed";
}

export function equal(actual, expected) {
  const [one, other] = [actual, expected].map((value) => JSON.stringify(value, undefined, 1));
  if (one !== other) {
    throw new Error(`expected ${other}, got ${one}`);
  }
}

/** The SignalError with which a promise is rejected. */
export async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("expected a rejection");
}
