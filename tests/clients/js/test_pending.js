import { Pending } from "/clients/js/pending.js";
import { SignalError } from "/clients/js/client.js";
import { surroundings } from "./doubles.js";
import { equal, rejection, test } from "./tests.js";

function make() {
  const { clock, platform } = surroundings();
  const frames = [];
  return { clock, frames, pending: new Pending(platform), send: (frame) => frames.push(JSON.parse(frame)) };
}

test("messages go out once, in order, with ids of their own", async () => {
  const { frames, pending, send } = make();
  const one = pending.add({ type: "a" });
  pending.flush(send, 100);
  const two = pending.add({ type: "b" });
  pending.flush(send, 100);
  equal(frames, [{ type: "a", id: "1" }, { type: "b", id: "2" }]);
  pending.resolve("2", "queued");
  equal(pending.fail("1", new SignalError("slow_peer", "")), true);
  equal([(await rejection(one)).code, await two], ["slow_peer", "queued"]);
});

test("the two hundred and fifty-seventh that waits is refused, and there is room again after an answer", async () => {
  const { pending } = make();
  const first = pending.add({ type: "a" });
  for (let count = 1; count < 256; count += 1) {
    pending.add({ type: "a" }).catch(() => undefined);
  }
  equal((await rejection(pending.add({ type: "a" }))).code, "overloaded");
  pending.resolve("1", "delivered");
  await first;
  const last = rejection(pending.add({ type: "a" }));
  pending.failAll(new SignalError("lost", ""));
  equal((await last).code, "lost");
});

test("answers to nothing that waits are no answers", async () => {
  const { clock, pending } = make();
  const only = pending.add({ type: "a" });
  pending.resolve("7", "delivered");
  equal(pending.fail(undefined, new SignalError("internal", "")), false);
  pending.resolve("1", "delivered");
  equal([await only, pending.fail("1", new SignalError("late", "")), clock.pending], ["delivered", false, []]);
});

test("all fail together, sent or not", async () => {
  const { clock, pending, send } = make();
  const sent = rejection(pending.add({ type: "a" }));
  pending.flush(send, 100);
  const unsent = rejection(pending.add({ type: "b" }));
  pending.failAll(new SignalError("lost", ""));
  equal([(await sent).code, (await unsent).code, clock.pending], ["lost", "lost", []]);
});

test("the limit is on bytes, and just reached is not beyond", async () => {
  const { frames, pending, send } = make();
  const size = JSON.stringify({ type: "é", id: "1" }).length + 1;
  const over = rejection(pending.add({ type: "é" }));
  pending.flush(send, size - 1);
  equal([(await over).code, frames], ["too_large", []]);
  pending.add({ type: "é" }).catch(() => undefined);
  pending.flush(send, size);
  equal(frames.length, 1);
});
