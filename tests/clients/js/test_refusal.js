import { explain } from "/clients/js/refusal.js";
import { surroundings } from "./doubles.js";
import { equal, test } from "./tests.js";

test("a server that answers elsewhere has refused, and one that does not is not there", async () => {
  const url = "ws://127.0.0.1:8080/ws";
  const codes = [];
  for (const online of [true, false]) {
    const { platform, fetched } = surroundings({ online });
    const { code, temporary, message } = await explain(platform, url);
    codes.push([code, temporary, fetched, message.includes("http://127.0.0.1:8080")]);
  }
  equal(codes, [
    ["refused", true, ["http://127.0.0.1:8080/health"], true],
    ["unreachable", true, ["http://127.0.0.1:8080/health"], true],
  ]);
});
