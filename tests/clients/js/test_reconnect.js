import { Reconnect } from "/clients/js/reconnect.js";
import { surroundings } from "./doubles.js";
import { equal, test } from "./tests.js";

function delays(reconnect, count) {
  return Array.from({ length: count }, () => reconnect.delay());
}

test("the longest delay doubles with each failure up to half a minute, and the delay is any part of it", () => {
  equal(delays(new Reconnect(surroundings({ random: 1 }).platform), 9), [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  equal(delays(new Reconnect(surroundings({ random: 0 }).platform), 3), [0, 0, 0]);
});

test("what the server asks for is the least", () => {
  const reconnect = new Reconnect(surroundings({ random: 1 }).platform);
  equal([reconnect.delay(700), reconnect.delay(700)], [700, 1000]);
});

test("only a connection that held starts the doubling anew", async () => {
  const { clock, platform } = surroundings({ random: 1 });
  const reconnect = new Reconnect(platform);
  for (const [held, delay] of [[0, 500], [9_999, 1000], [10_000, 500]]) {
    reconnect.joined();
    await clock.pass(held);
    equal(reconnect.delay(), delay);
  }
  await clock.pass(60_000);
  equal(reconnect.delay(), 1000);
});

test("a slot goes before all else until it is over", async () => {
  const { clock, platform } = surroundings({ random: 1 });
  const reconnect = new Reconnect(platform);
  equal(reconnect.hasSlot, false);
  reconnect.takeSlot(5000);
  await clock.pass(1000);
  equal([reconnect.hasSlot, reconnect.delay(9000)], [true, 4000]);
  await clock.pass(4000);
  equal([reconnect.hasSlot, reconnect.delay()], [false, 1000]);
});

test("a place that is kept for a moment alone, or is almost over, hurries nobody", async () => {
  const { platform } = surroundings({ random: 1 });
  const reconnect = new Reconnect(platform);
  reconnect.windowMs = 500;
  reconnect.joined();
  equal([reconnect.delay(0, true), reconnect.delay(), reconnect.delay()], [500, 1000, 2000]);
});

test("while the place is kept no delay is longer than what is left of it", async () => {
  const { clock, platform } = surroundings({ random: 1 });
  const reconnect = new Reconnect(platform);
  reconnect.windowMs = 5000;
  equal([reconnect.delay(0, true), reconnect.keptMs], [500, 0]); // there was none
  reconnect.joined();
  const told = [];
  for (const isKept of [true, false, false, false, false]) {
    const delay = reconnect.delay(0, isKept);
    told.push([delay, reconnect.keptMs]);
    await clock.pass(delay);
  }
  equal(told, [[1000, 5000], [2000, 4000], [2000, 2000], [4000, 0], [8000, 0]]);
  reconnect.joined();
  equal([reconnect.delay(0, false), reconnect.keptMs], [16000, 0]); // it was given up
  reconnect.joined();
  equal([reconnect.delay(9000, true), reconnect.keptMs], [9000, 5000]); // the server knows better
});
