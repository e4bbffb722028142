import { TokenSource } from "/clients/js/token_source.js";
import { equal, rejection, test } from "./tests.js";

test("a token is a string, what a function gives, or nothing", async () => {
  const tokens = [undefined, "fixed", () => "given", async () => "promised"].map((source) => new TokenSource(source));
  equal(await Promise.all(tokens.map((source) => source.next())), [undefined, "fixed", "given", "promised"]);
  equal(tokens.map((source) => source.canRenew), [false, false, true, true]);
});

test("a spent token is refused, and the next one taken", async () => {
  const answers = ["old", "old", "new", "new"];
  const tokens = new TokenSource(() => answers.shift());
  equal(await tokens.next(), "old");
  tokens.spend();
  const { code, temporary } = await rejection(tokens.next());
  equal([code, temporary], ["token", false]);
  equal([await tokens.next(), await tokens.next()], ["new", "new"]);
});

test("a function that throws is a failure for now", async () => {
  const failing = new TokenSource(() => {
    throw new Error("signed out");
  });
  const { code, temporary, message } = await rejection(failing.next());
  equal([code, temporary, message.includes("signed out")], ["token", true, true]);
});
