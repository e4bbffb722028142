import { greet, whenGreeted, whenOpen } from "/clients/js/greeting.js";
import { surroundings } from "./doubles.js";
import { equal, test } from "./tests.js";

class ManualChannel extends EventTarget {
  readyState = "connecting";
  sent = [];

  send(data) {
    this.sent.push(data);
  }

  open() {
    this.readyState = "open";
    this.dispatchEvent(new Event("open"));
  }

  hear(data) {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

/** A channel that waits to be greeted, and what its app hears. */
function make() {
  const { clock, platform } = surroundings();
  const channel = new ManualChannel();
  const heard = [];
  whenGreeted(
    channel,
    () => {
      heard.push("open");
      channel.addEventListener("message", ({ data }) => heard.push(data));
    },
    platform,
  );
  return { clock, channel, heard };
}

test("a channel is open once it is greeted, and the greeting is not heard", async () => {
  const { clock, channel, heard } = make();
  channel.open();
  equal(heard, []);
  channel.hear("");
  channel.hear("hi");
  await clock.pass(60_000);
  equal([heard, clock.pending], [["open", "hi"], []]);
});

test("without a greeting a channel is open after two seconds, and a late greeting is not heard either", async () => {
  const { clock, channel, heard } = make();
  channel.open();
  await clock.pass(2_000);
  channel.hear("");
  channel.hear("hi");
  equal(heard, ["open", "hi"]);
});

test("a channel that is not open after two seconds is waited for", async () => {
  const { clock, channel, heard } = make();
  await clock.pass(2_000);
  equal(heard, []);
  channel.open();
  equal(heard, ["open"]);
});

test("to greet is to send nothing", () => {
  const channel = new ManualChannel();
  channel.open();
  whenOpen(channel, () => greet(channel));
  equal(channel.sent, [""]);
});
