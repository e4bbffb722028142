import { Refusals } from "/clients/js/refusal.js";
import { surroundings } from "./doubles.js";
import { equal, test } from "./tests.js";

const URL_OF_SERVER = "ws://127.0.0.1:8080/ws";

async function explanations(refusals, count) {
  const told = [];
  for (let number = 0; number < count; number += 1) {
    const { code, temporary } = await refusals.explain();
    told.push(`${code}${temporary ? "" : ", for good"}`);
  }
  return told;
}

test("a server that answers elsewhere has refused, and one that does not is not there", async () => {
  for (const [online, code] of [[true, "refused"], [false, "unreachable"]]) {
    const { platform, fetched } = surroundings({ online });
    const error = await new Refusals(platform, URL_OF_SERVER).explain();
    equal([error.code, fetched, error.message.includes("http://127.0.0.1:8080")], [code, ["http://127.0.0.1:8080/health"], true]);
  }
});

test("the fifth refusal in a row is final", async () => {
  const { platform } = surroundings();
  equal(await explanations(new Refusals(platform, URL_OF_SERVER), 5), ["refused", "refused", "refused", "refused", "refused, for good"]);
});

test("a server that was not there is asked anew, and one that has taken the client in once is asked for ever", async () => {
  const { platform } = surroundings();
  const answers = [true, true, true, true, false, true, true, true, true];
  const refusals = new Refusals({ ...platform, fetch: () => (answers.shift() ?? true) || Promise.reject(new TypeError("down")) }, URL_OF_SERVER);
  equal((await explanations(refusals, 9)).filter((told) => told !== "refused"), ["unreachable"]);
  refusals.over();
  equal(new Set(await explanations(refusals, 20)).size, 1);
});
