import { SignalError } from "/clients/js/client.js";
import { Link } from "/clients/js/link.js";
import { ManualClock, turns } from "./doubles.js";
import { equal, test } from "./tests.js";

/** One end of a link whose messages the test passes on, or does not. */
class End {
  sent = [];
  failed = [];
  channels = [];
  clock = new ManualClock();
  /** The errors that the next messages fail with. */
  errors = [];

  constructor(isInitiator) {
    this.connection = new RTCPeerConnection();
    this.link = new Link(this.connection, isInitiator, { setTimeout: this.clock.setTimeout, clearTimeout: this.clock.clearTimeout }, {
      send: (type, payload) => this.#send(type, payload),
      opened: (channel) => this.channels.push(channel),
      changed: () => undefined,
      failed: (error) => this.failed.push(error),
    });
  }

  async #send(type, payload) {
    const error = this.errors.shift();
    if (error) {
      throw error;
    }
    this.sent.push([type, JSON.parse(JSON.stringify(payload))]);
  }

  /** What was sent of some types, and is not looked at again. */
  take(...types) {
    const taken = this.sent.filter(([type]) => types.includes(type));
    this.sent = this.sent.filter(([type]) => !types.includes(type));
    return taken.map(([, payload]) => payload);
  }
}

/** Look until something holds: RTCPeerConnection takes its time. */
async function until(holds) {
  while (!holds()) {
    await turns();
  }
}

/** Pass everything on, both ways, until something holds. */
async function pass(ends, holds) {
  await until(() => {
    for (const [from, to] of [ends, [...ends].reverse()]) {
      for (const [type, payload] of from.sent.splice(0)) {
        to.link.take(type, payload);
      }
    }
    return holds();
  });
}

/** Run a test with an initiator and the other end, and close them. */
function withEnds(body) {
  return async () => {
    const ends = [new End(true), new End(false)];
    try {
      await body(...ends);
    } finally {
      ends.forEach(({ link }) => link.close());
    }
  };
}

/** The first offer of one end. */
async function offer(end) {
  end.link.open("data");
  await until(() => end.sent.some(([type]) => type === "offer"));
  return end.take("offer")[0];
}

test("two ends open one channel", withEnds(async (one, other) => {
  one.link.open("data");
  await pass([one, other], () => one.channels.length === 1 && other.channels.length === 1);
  equal([one.link.works, other.link.works, one.failed, other.failed], [true, true, [], []]);
}));

test("when both offer at once the later one has its way, and both get what they wanted", withEnds(async (one, other) => {
  one.link.open("data");
  await pass([one, other], () => other.channels.length === 1 && one.channels.length === 1);
  one.connection.addTransceiver("audio");
  other.connection.addTransceiver("audio");
  await until(() => [one, other].every(({ connection }) => connection.signalingState === "have-local-offer"));
  const agreed = ({ connection }) => connection.getTransceivers().filter(({ currentDirection }) => currentDirection).length;
  await pass([one, other], () => [one, other].every((end) => agreed(end) === 2 && end.connection.signalingState === "stable"));
  equal([one.failed, other.failed], [[], []]);
}));

test("candidates that come before their description wait for it", withEnds(async (one, other) => {
  const first = await offer(one);
  await until(() => one.sent.some(([type]) => type === "candidate"));
  const candidates = one.take("candidate");
  for (const candidate of candidates) {
    other.link.take("candidate", candidate);
  }
  await turns();
  other.link.take("offer", first);
  await pass([one, other], () => one.channels.length === 1 && other.channels.length === 1);
  equal([one.failed, other.failed], [[], []]);
}));

test("an answer to an earlier offer, a second answer and a candidate of neither are passed over", withEnds(async (one, other) => {
  const first = await offer(one);
  other.link.take("offer", first);
  await until(() => other.sent.some(([type]) => type === "answer"));
  const [answer] = other.take("answer");
  equal(first.sdp.includes(`o=${answer.offer}`), true);
  one.link.take("answer", { ...answer, offer: "- 1 1" });
  one.link.take("candidate", { candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", sdpMid: "0", usernameFragment: "none" });
  await turns();
  equal(one.connection.signalingState, "have-local-offer");
  one.link.take("answer", answer);
  one.link.take("answer", answer);
  one.link.take("candidate", { candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", sdpMid: "0", usernameFragment: "none" });
  await until(() => one.connection.signalingState === "stable");
  await pass([one, other], () => one.channels.length === 1);
  equal(one.failed, []);
}));

test("an offer of another RTCPeerConnection is told from one of the same", withEnds(async (one, other) => {
  const first = await offer(one);
  equal(other.link.isForeign(first), false);
  other.link.take("offer", first);
  const third = new End(true);
  equal([other.link.isForeign(first), other.link.isForeign(await offer(third))], [false, true]);
  third.link.close();
}));

test("a description that may be lost is said again, and answered again", withEnds(async (one, other) => {
  one.errors = [new SignalError("lost", "")];
  one.link.open("data");
  await until(() => one.clock.pending.length > 0);
  equal(one.clock.pending, [2000]);
  await one.clock.pass(2000);
  await pass([one, other], () => one.channels.length === 1 && other.channels.length === 1);
  one.link.take("offer", { type: "offer", sdp: other.connection.remoteDescription.sdp, greets: true });
  equal([one.failed, other.failed], [[], []]);
}));

test("it is said again no sooner than the server wants, and not for ever", withEnds(async (one) => {
  one.errors = Array.from({ length: 6 }, () => new SignalError("rate_limited", "", { retryAfterMs: 300 }));
  one.connection.onicecandidate = null; // candidates would be said again, too
  one.link.open("data");
  for (let count = 0; count < 5; count += 1) {
    await until(() => one.clock.pending.length > 0);
    equal([one.clock.pending, one.failed], [[300], []]);
    await one.clock.pass(300);
  }
  await until(() => one.failed.length > 0);
  equal([one.failed[0].code, one.clock.pending], ["rate_limited", []]);
}));

test("to a peer that is gone nothing is said again", withEnds(async (one) => {
  one.errors = [new SignalError("unknown_peer", "")];
  one.connection.onicecandidate = null;
  one.link.open("data");
  await until(() => one.failed.length > 0);
  equal([one.failed[0].code, one.clock.pending], ["unknown_peer", []]);
}));

test("a bad description is told", withEnds(async (one, other) => {
  other.link.take("offer", { type: "offer", sdp: "nonsense" });
  await until(() => other.failed.length > 0);
  equal(other.failed[0] instanceof DOMException, true);
}));

test("a peer that knows no greeting and writes as the daemon does is understood", withEnds(async (one, other) => {
  const { greets, ...plain } = await offer(one);
  equal(greets, true);
  other.link.take("offer", plain);
  await until(() => other.sent.some(([type]) => type === "answer"));
  const [{ type, sdp }] = other.take("answer");
  one.link.take("answer", { type, sdp });
  await until(() => {
    for (const { candidate, sdpMid, sdpMLineIndex } of other.take("candidate")) {
      one.link.take("candidate", { candidate, sdp_mid: sdpMid, sdp_mline_index: sdpMLineIndex });
    }
    return one.channels.length === 1 && other.channels.length === 1;
  });
  equal([one.failed, other.failed, other.clock.pending], [[], [], []]);
}));
