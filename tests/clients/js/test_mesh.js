import { Mesh } from "/clients/js/client.js";
import { ManualClock, story } from "./doubles.js";
import { LocalSignal, next } from "./peers.js";
import { equal, test } from "./tests.js";

/** Members of one group, each with a mesh; the connections are real, the clock is turned by hand. */
class Party {
  group = new Map();
  clock = new ManualClock();
  configs = [];
  meshes = [];

  member(id, options) {
    const signal = new LocalSignal(this.group, id);
    const { configs, clock } = this;
    class RTCPeerConnection extends globalThis.RTCPeerConnection {
      #seeming;

      constructor(config) {
        super(config);
        configs.push(config);
      }

      get connectionState() {
        return this.#seeming ?? super.connectionState;
      }

      /** Say of itself what no test can wait for. */
      seem(state) {
        this.#seeming = state;
        this.onconnectionstatechange();
      }
    }
    const platform = { RTCPeerConnection, setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout };
    const mesh = new Mesh(signal, { platform, ...options });
    this.meshes.push(mesh);
    return { signal, mesh, told: story(mesh, ["channel", "gone", "error"]) };
  }

  /** Two that are linked; `late` has made the link. */
  async couple() {
    const [early, late] = [this.member("early"), this.member("late")];
    early.signal.join();
    await link(early, late);
    return { early, late };
  }

  end() {
    this.meshes.forEach((mesh) => mesh.close());
  }
}

/** Have the second one join, and wait for the link. */
async function link(early, late) {
  const both = [early, late].map(({ mesh }) => next(mesh, "channel"));
  late.signal.join();
  await Promise.all(both);
}

function names({ told }) {
  return told.map(([name]) => name);
}

/** Run a test with a party, and end it. */
function withParty(body) {
  return async () => {
    const party = new Party();
    try {
      await body(party);
    } finally {
      party.end();
    }
  };
}

test("the later one offers, and each has one channel", withParty(async (party) => {
  const { early, late } = await party.couple();
  equal([early, late].map(({ signal }) => signal.sent[0][1]), ["answer", "offer"]);
  equal([early, late].map(({ mesh }) => [...mesh.channels()].map(([peer]) => peer)), [["late"], ["early"]]);
  const heard = said(early);
  [...late.mesh.channels()][0][1].send("hi");
  equal(await heard, "hi");
}));

function said({ mesh }) {
  return new Promise((resolve) => {
    [...mesh.channels()][0][1].onmessage = ({ data }) => resolve(data);
  });
}

test("what each sends as soon as it hears of a channel arrives", withParty(async (party) => {
  const members = [party.member("early"), party.member("late")];
  const heard = members.map(
    ({ mesh, signal }) =>
      new Promise((resolve) => {
        mesh.addEventListener("channel", ({ detail: { channel } }) => {
          channel.onmessage = ({ data }) => resolve(data);
          channel.send(`from ${signal.id}`);
        });
      }),
  );
  members.forEach(({ signal }) => signal.join());
  equal(await Promise.all(heard), ["from late", "from early"]);
}));

test("label, channel and ICE servers are those that were given", withParty(async (party) => {
  const options = { label: "sync", channel: { ordered: false }, rtcConfig: { iceTransportPolicy: "all" } };
  const [early, late] = [party.member("early"), party.member("late", options)];
  late.signal.iceServers = [{ urls: "stun:127.0.0.1:9" }];
  early.signal.join();
  await link(early, late);
  equal(party.configs, [{ iceServers: [{ urls: "stun:127.0.0.1:9" }], iceTransportPolicy: "all" }, {}]);
  const [[, channel]] = early.mesh.channels();
  equal([channel.label, channel.ordered], ["sync", false]);
}));

test("who leaves is closed", withParty(async (party) => {
  const { early, late } = await party.couple();
  const { connection } = early.mesh.links.get("late");
  late.signal.part("left");
  equal([names(early), early.mesh.links.size, connection.connectionState], [["channel", "gone"], 0, "closed"]);
}));

test("who is only lost to the server keeps the link, also when it comes back", withParty(async (party) => {
  const { early, late } = await party.couple();
  late.signal.part("lost");
  late.signal.join();
  equal([names(early), names(late)], [["channel"], ["channel"]]);
  equal([early, late].map(({ mesh }) => [...mesh.links.values()].map(({ works, isInitiator }) => [works, isInitiator])), [
    [[true, false]],
    [[true, true]],
  ]);
}));

test("when all join anew in another order, the roles follow and the links stay", withParty(async (party) => {
  const { early, late } = await party.couple();
  party.group.clear();
  late.signal.join();
  early.signal.join();
  equal([early, late].map(({ mesh, told }) => [told.length, [...mesh.links.values()][0].isInitiator]), [[1, true], [1, false]]);
}));

test("a peer that is another one under the same id gets a new link", withParty(async (party) => {
  const { early, late } = await party.couple();
  const [[, old]] = early.mesh.channels();
  late.signal.part("lost");
  await link(early, party.member("late"));
  const [[, channel]] = early.mesh.channels();
  equal([names(early), channel === old, channel.readyState], [["channel", "channel"], false, "open"]);
}));

test("a link that does not come about is made anew, after ever more time", withParty(async (party) => {
  const late = party.member("late");
  new LocalSignal(party.group, "deaf").join();
  late.signal.join();
  const offers = () => late.signal.sent.filter(([, type]) => type === "offer").length;
  for (const [made, patience] of [15_000, 30_000, 60_000, 120_000, 120_000].entries()) {
    await until(() => offers() === made + 1);
    await party.clock.pass(patience - 1);
    equal(party.configs.length, made + 1);
    await party.clock.pass(1);
    equal(party.configs.length, made + 2);
  }
  equal(late.mesh.links.size, 1);
}));

/** Look until something holds: RTCPeerConnection takes its time. */
async function until(holds) {
  while (!holds()) {
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
  }
}

test("a link that fails looks for another way, with the newest ICE servers, and stays", withParty(async (party) => {
  const { early, late } = await party.couple();
  const { connection } = early.mesh.links.get("late");
  const before = connection.localDescription.sdp;
  early.signal.iceServers = [{ urls: "stun:127.0.0.1:9" }];
  connection.seem("failed");
  await until(() => connection.localDescription.sdp !== before && connection.signalingState === "stable");
  equal(connection.getConfiguration().iceServers.map(({ urls }) => [urls].flat()), [["stun:127.0.0.1:9"]]);
  connection.seem(undefined);
  equal([names(early), names(late), party.configs.length], [["channel"], ["channel"], 2]);
}));

test("a link that stays broken is made anew by who made it", withParty(async (party) => {
  const { early, late } = await party.couple();
  for (const [{ mesh }, peer] of [[early, "late"], [late, "early"]]) {
    mesh.links.get(peer).connection.seem("disconnected");
  }
  const again = [early, late].map(({ mesh }) => next(mesh, "channel"));
  await party.clock.pass(15_000);
  await Promise.all(again);
  equal([early, late].map(({ mesh }) => [...mesh.channels()].length), [1, 1]);
}));

test("a link that fails to one whom the server has lost, too, is gone", withParty(async (party) => {
  const { early, late } = await party.couple();
  late.signal.part("lost");
  early.mesh.links.get("late").connection.seem("failed");
  equal([names(early), early.mesh.links.size], [["channel", "gone"], 0]);
}));

test("who is lost before the link works is gone", withParty(async (party) => {
  const late = party.member("late");
  const deaf = new LocalSignal(party.group, "deaf");
  deaf.join();
  late.signal.join();
  deaf.part("lost");
  equal([names(late), late.mesh.links.size], [["gone"], 0]);
}));

test("what cannot be said is told, and messages of the app are left to it", withParty(async (party) => {
  const late = party.member("late");
  new LocalSignal(party.group, "deaf").join();
  late.signal.failures = ["unknown_peer"];
  const failed = next(late.mesh, "error");
  late.signal.join();
  late.signal.tell("message", { type: "message", from: "deaf", toAll: true, payload: "hi" });
  late.signal.tell("message", { type: "candidate", from: "nobody", toAll: false, payload: {} });
  const { peer, error } = await failed;
  equal([peer, error.code, late.mesh.links.size], ["deaf", "unknown_peer", 1]);
}));

test("a mesh that is closed has no links, and makes none", withParty(async (party) => {
  const { early, late } = await party.couple();
  early.mesh.close();
  party.member("third").signal.join();
  equal([early.mesh.links.size, names(early), party.clock.pending.length > 0], [0, ["channel", "gone"], true]);
  equal(late.mesh.links.has("third"), false);
}));

test("without RTCPeerConnection there is no mesh", () => {
  try {
    new Mesh(new EventTarget(), { platform: { RTCPeerConnection: undefined } });
  } catch (error) {
    equal([error instanceof TypeError, error.message.split(":")[0]], [true, "platform.RTCPeerConnection"]);
    return;
  }
  throw new Error("expected a TypeError");
});
