import { Signal } from "/clients/js/client.js";
import { story, surroundings, turns } from "./doubles.js";
import { equal, rejection, test } from "./tests.js";

const EVENTS = ["open", "resumed", "peers", "peerjoined", "peerleft", "message", "error", "goaway", "reconnecting", "close"];
const BOB = { id: "bob", group_id: "room", last_seen: "2026-01-31T09:30:00.250Z" };
const CAROL = { ...BOB, id: "carol" };

/** A client that has begun to connect, and what it tells. */
async function begin(options, world = surroundings()) {
  const signal = new Signal("ws://127.0.0.1/ws", { peerId: "me", groupId: "room", platform: world.platform, ...options });
  const told = story(signal, EVENTS);
  const connected = signal.connect();
  await turns();
  return { ...world, signal, told, connected };
}

/** A client in the group. */
async function joined(options, world) {
  const here = await begin(options, world);
  here.sockets[0].admit({ peers: [BOB] });
  await here.connected;
  here.told.splice(0);
  return here;
}

function names(told) {
  return told.map(([name]) => name);
}

test("it asks for profile v2, registers, and tells who is there", async () => {
  const { signal, told, connected, sockets } = await begin({ metadata: { name: "Me" } });
  equal([signal.peerId, signal.groupId], ["me", "room"]);
  equal([signal.state, sockets[0].url, sockets[0].names], ["connecting", "ws://127.0.0.1/ws", ["psync.v2.json"]]);
  sockets[0].admit({ peers: [BOB], ice_servers: [{ urls: "stun:192.0.2.1" }] });
  await connected;
  equal(sockets[0].sent, [{ type: "register", payload: { peer_id: "me", group_id: "room", metadata: { name: "Me" } } }]);
  equal([signal.state, [...signal.peers.keys()], signal.iceServers], ["open", ["bob"], [{ urls: "stun:192.0.2.1" }]]);
  equal(names(told), ["open", "peers"]);
  equal(told[1][1], { peers: [BOB] });
});

test("peers that come and go are told and counted", async () => {
  const { signal, told, sockets } = await joined();
  sockets[0].say("peer_joined", { peer: CAROL });
  sockets[0].say("peer_left", { peer: BOB, reason: "left" });
  equal(told, [["peerjoined", { peer: CAROL }], ["peerleft", { peer: BOB, reason: "left" }]]);
  equal([...signal.peers.keys()], ["carol"]);
});

test("what other peers say is told, and whether it was for all", async () => {
  const { told, sockets } = await joined();
  sockets[0].say("offer", { sdp: "v=0" }, { source_id: "bob", target_id: "me" });
  sockets[0].say("message", 1, { source_id: "bob" });
  sockets[0].say("a type of later times", 1);
  equal(told.map(([, detail]) => detail), [
    { type: "offer", from: "bob", toAll: false, payload: { sdp: "v=0" } },
    { type: "message", from: "bob", toAll: true, payload: 1 },
  ]);
});

test("a message resolves to the status of its ack", async () => {
  const { signal, sockets } = await joined();
  const [one, two] = [signal.send("bob", "message", "hi"), signal.broadcast("all")];
  equal(sockets[0].sent.slice(1), [
    { type: "message", target_id: "bob", payload: "hi", id: "1" },
    { type: "message", payload: "all", id: "2" },
  ]);
  sockets[0].say("ack", { id: "2", status: "delivered" });
  sockets[0].say("ack", { id: "1", status: "queued" });
  equal([await one, await two], ["queued", "delivered"]);
});

test("a message rejects with the error of the protocol", async () => {
  const { signal, told, sockets } = await joined();
  const sent = signal.send("zoe", "message", "hi");
  const ref = { id: "1", type: "message", target_id: "zoe" };
  sockets[0].say("error", { code: "unknown_peer", message: "no peer", temporary: true, retry_after_ms: 5, ref });
  const { name, code, message, temporary, retryAfterMs, ref: about } = await rejection(sent);
  equal([name, code, message, temporary, retryAfterMs, about], ["SignalError", "unknown_peer", "unknown_peer: no peer", true, 5, ref]);
  equal(told, []);
});

test("a message to nobody is no broadcast", async () => {
  const { signal, sockets } = await joined();
  const { name, message } = await rejection(signal.send(undefined, "message", "secret"));
  equal([name, message.split(":")[0], sockets[0].sent.length], ["TypeError", "target", 1]);
});

test("an error that no promise waits for is told", async () => {
  const { told, sockets } = await joined();
  sockets[0].say("error", { code: "slow_peer", message: "dropped", temporary: true, ref: { id: "99" } });
  equal([told[0][0], told[0][1].error.code], ["error", "slow_peer"]);
});

test("a message without an answer fails by its deadline", async () => {
  const { signal, sockets, clock } = await joined();
  const sent = rejection(signal.send("bob", "message", 1));
  await clock.pass(9_000);
  sockets[0].say("peer_joined", { peer: CAROL });
  await clock.pass(1_000);
  equal((await sent).code, "timeout");
});

test("a place is taken back with its session, with the answers that were kept, and what waited is sent", async () => {
  const { signal, told, sockets, clock } = await joined();
  const sent = signal.send("bob", "message", "on its way");
  sockets[0].end(1006);
  equal(signal.state, "waiting");
  const kept = signal.send("bob", "message", "kept");
  await clock.pass(250);
  sockets[1].admit({ peers: [BOB], resumed: true });
  equal(sockets[1].sent.map(({ type, payload }) => [type, payload.session ?? payload]), [["register", "s1"], ["message", "kept"]]);
  sockets[1].say("ack", { id: "1", status: "delivered" });
  sockets[1].say("ack", { id: "2", status: "queued" });
  equal([await sent, await kept, names(told)], ["delivered", "queued", ["reconnecting", "resumed"]]);
});

test("who waits for the next connection is told for how long the place is kept", async () => {
  for (const [limits, code, kept] of [
    [{ message_bytes: 1000, resume_window: 12 }, 1006, [12_000, 11_750]],
    [{ message_bytes: 1000, resume_window: 12 }, 1013, [0, 0]],
    [{ message_bytes: 1000, resume_window: 0 }, 1006, [0, 0]],
    [{ message_bytes: 1000 }, 1006, [0, 0]],
  ]) {
    const { told, sockets, clock } = await begin();
    sockets[0].admit({}, limits);
    await turns();
    sockets[0].end(code);
    await clock.pass(250);
    sockets[1].end(1006);
    await turns();
    equal(told.slice(2).map(([name, { keptMs }]) => [name, keptMs]), kept.map((ms) => ["reconnecting", ms]));
  }
});

test("with the place in the group goes all that waited, and the list is new", async () => {
  const { signal, told, sockets, clock } = await joined();
  const sent = rejection(signal.send("bob", "message", "on its way"));
  sockets[0].end(1006);
  const kept = rejection(signal.send("bob", "message", "kept"));
  await clock.pass(250);
  sockets[1].admit({ peers: [CAROL] });
  equal([(await sent).code, (await kept).code], ["lost", "lost"]);
  equal([sockets[1].sent.length, names(told), [...signal.peers.keys()]], [1, ["reconnecting", "open", "peers"], ["carol"]]);
});

test("what is said before the first join goes out with it", async () => {
  const { signal, sockets } = await begin();
  const early = signal.broadcast("early");
  sockets[0].admit();
  sockets[0].say("ack", { id: "1", status: "delivered" });
  equal([await early, sockets[0].sent.map(({ type }) => type)], ["delivered", ["register", "message"]]);
});

test("a resume keeps whom it knew", async () => {
  const { signal, sockets, clock } = await joined();
  sockets[0].say("peer_joined", { peer: CAROL });
  sockets[0].end(1006);
  await clock.pass(250);
  sockets[1].admit({ peers: [BOB], resumed: true });
  equal([...signal.peers.keys()], ["bob", "carol"]);
});

test("a list without a reconnect, for who was away, is told like the first", async () => {
  const { told, sockets } = await joined();
  sockets[0].say("peer_list", { peers: [CAROL], self: { id: "me", group_id: "room", session: "s2", sequence: 9 } });
  equal(names(told), ["open", "peers"]);
});

test("a close code that is final ends it", async () => {
  for (const code of [1002, 1003, 1007, 1008, 1009, 4400, 4409, 4410]) {
    const { signal, told, sockets, clock } = await joined();
    sockets[0].end(code, "why");
    equal([signal.state, names(told), told[0][1].code, told[0][1].reason], ["closed", ["close"], code, "why"]);
    equal([clock.pending, sockets.length], [[], 1]);
  }
});

test("after any other close code it comes back", async () => {
  for (const code of [1000, 1001, 1006, 1011, 1013, 4408, 4413, 4429, 4999]) {
    const { told, sockets, clock } = await joined();
    sockets[0].end(code);
    equal([names(told), told[0][1].delayMs], [["reconnecting"], 250]);
    await clock.pass(250);
    equal(sockets.length, 2);
  }
});

test("it asks for a token before each attempt and sends it as a subprotocol", async () => {
  let count = 0;
  const { sockets, clock } = await joined({ token: async () => `token-${++count}` });
  equal([sockets[0].url, sockets[0].names], ["ws://127.0.0.1/ws", ["psync.v2.json", "bearer.token-1"]]);
  sockets[0].end(4401);
  await clock.pass(250);
  equal(sockets[1].names, ["psync.v2.json", "bearer.token-2"]);
});

test("a token that the server takes no longer is not sent again", async () => {
  for (const token of ["old", () => "old"]) {
    const { told, sockets, clock } = await joined({ token });
    sockets[0].end(4401, "expired");
    await clock.pass(60_000);
    equal([sockets.length, told.at(-1)[0], told.at(-1)[1].error.temporary], [1, "close", false]);
  }
});

test("a token function that fails or hangs is asked again", async () => {
  const answers = [Promise.reject(new Error("no network")), new Promise(() => undefined), "third"];
  const { told, sockets, clock } = await begin({ token: () => answers.shift() });
  await clock.pass(250 + 10_000 + 500);
  equal(told.map(([, { error }]) => error.code), ["token", "timeout"]);
  equal(sockets.map((socket) => socket.names[1]), ["bearer.third"]);
});

test("a token that no header can carry is final", async () => {
  const { connected, signal } = await begin({ token: "with space" });
  equal([(await rejection(connected)).code, signal.state], ["token", "closed"]);
});

test("a server that refuses the handshake is asked five times, ever more slowly", async () => {
  const { connected, told, sockets, fetched, clock } = await begin();
  for (let attempt = 0; attempt < 5; attempt += 1) {
    sockets[attempt].end(1006);
    await clock.pass(250 * 2 ** attempt);
  }
  await clock.pass(600_000);
  const error = await rejection(connected);
  equal([error.code, sockets.length, fetched[0]], ["refused", 5, "http://127.0.0.1/health"]);
  equal(told.map(([name, { delayMs }]) => [name, delayMs]), [
    ["reconnecting", 250],
    ["reconnecting", 500],
    ["reconnecting", 1000],
    ["reconnecting", 2000],
    ["close", undefined],
  ]);
});

test("a server that is not there is waited for", async () => {
  const { connected, told, sockets, clock } = await begin({}, surroundings({ online: false }));
  for (let attempt = 0; attempt < 20; attempt += 1) {
    sockets[attempt].end(1006);
    await turns();
    await clock.pass(told.at(-1)[1].delayMs);
  }
  equal(new Set(told.map(([, { error }]) => error.code)).size, 1);
  equal([told[0][1].error.code, told.at(-1)[1].delayMs], ["unreachable", 15_000]);
  sockets[20].admit();
  await connected;
});

test("a server that has taken it in before is not given up", async () => {
  const { signal, told, sockets, clock } = await joined();
  sockets[0].end(1012);
  for (let attempt = 1; attempt < 10; attempt += 1) {
    await clock.pass(told.at(-1)[1].delayMs);
    sockets[attempt].end(1006);
    await turns();
  }
  equal(signal.state, "waiting");
});

test("a server that is away for a minute, and a token function that fails meanwhile, are waited for", async () => {
  let fails = false;
  const token = () => {
    if (fails) {
      throw new Error("no issuer");
    }
    return "good";
  };
  const { signal, told, sockets, clock, connected } = await begin({ token }, surroundings({ online: false }));
  sockets[0].admit({ peers: [BOB] }, { message_bytes: 1000, resume_window: 30 });
  await connected;
  told.splice(0);
  const early = rejection(signal.send("bob", "message", "never answered"));
  let ended = 0;
  while (clock.now() < 60_000) {
    fails = clock.now() > 5_000 && clock.now() < 20_000;
    for (; ended < sockets.length; ended += 1) {
      sockets[ended].end(1006);
      await turns();
    }
    await clock.pass(told.at(-1)[1].delayMs);
  }
  equal([(await early).code, signal.state], ["timeout", "connecting"]);
  equal([...new Set(told.map(([name, { error }]) => `${name} ${error.code}`))], [
    "reconnecting disconnected",
    "reconnecting unreachable",
    "reconnecting token",
  ]);
  equal(told.every(([, { delayMs, keptMs }]) => delayMs <= (keptMs > 500 ? keptMs : 15_000)), true);
  equal([told[0][1].keptMs, told.at(-1)[1].keptMs], [30_000, 0]);
  sockets.at(-1).admit({ peers: [CAROL] });
  equal([signal.state, sockets.at(-1).sent[0].payload.session, [...signal.peers.keys()]], ["open", "s1", ["carol"]]);
  equal(names(told.slice(-2)), ["open", "peers"]);
});

test("a handshake or register that is not answered is given up after ten seconds", async () => {
  const { told, sockets, clock } = await begin();
  await clock.pass(10_000);
  equal([names(told), told[0][1].error.code, sockets[0].isClosed], [["reconnecting"], "timeout", true]);
  await clock.pass(250);
  sockets[1].onopen({});
  await clock.pass(10_000);
  equal([told[1][1].error.code, sockets[1].isClosed], ["timeout", true]);
});

test("a silent server is asked for a sign of life, and given up without a close frame until the place is taken over", async () => {
  const { told, sockets, clock } = await joined();
  await clock.pass(25_000);
  equal(sockets[0].sent.at(-1), { type: "heartbeat", id: "heartbeat" });
  sockets[0].say("ack", { id: "heartbeat", status: "delivered" });
  await clock.pass(34_999);
  equal(names(told), []);
  await clock.pass(1);
  equal([names(told), told[0][1].error.code, sockets[0].isClosed], [["reconnecting"], "timeout", false]);
  await clock.pass(250);
  sockets[1].admit({ resumed: true });
  equal([sockets[1].sent[0].payload.session, sockets[0].isClosed], ["s1", true]);
});

test("in a server's slot it comes back, not before, and later by backoff", async () => {
  const { told, sockets, clock, window } = await joined();
  sockets[0].say("goaway", { reason: "draining", deadline_ms: 1000, reconnect_after_ms: 7000 });
  await clock.pass(1000);
  sockets[0].end(1012);
  equal([names(told), told[1][1].delayMs], [["goaway", "reconnecting"], 6000]);
  window.dispatchEvent(new Event("online"));
  await clock.pass(5999);
  equal(sockets.length, 1);
  await clock.pass(1);
  sockets[1].end(1006);
  await turns();
  equal(told[2][1].delayMs, 500);
});

test("a connection that held for a while makes the next delay short again", async () => {
  const { told, sockets, clock } = await joined();
  for (const [lasted, delayMs] of [[0, 250], [0, 500], [9_999, 1000], [10_000, 250]]) {
    await clock.pass(lasted);
    sockets.at(-1).end(1011);
    equal(told.at(-1)[1].delayMs, delayMs);
    await clock.pass(delayMs);
    sockets.at(-1).admit();
  }
});

test("the network's return hurries the next attempt, and a look at the page asks for a sign of life", async () => {
  const { sockets, window } = await joined();
  window.dispatchEvent(new Event("visibilitychange"));
  window.dispatchEvent(new Event("visibilitychange"));
  equal(sockets[0].sent.slice(1), [{ type: "heartbeat", id: "heartbeat" }]);
  sockets[0].end(1006);
  window.dispatchEvent(new Event("offline"));
  await turns();
  equal(sockets.length, 1);
  window.document = { visibilityState: "hidden" };
  window.dispatchEvent(new Event("visibilitychange"));
  await turns();
  equal(sockets.length, 1);
  window.document = { visibilityState: "visible" };
  window.dispatchEvent(new Event("online"));
  await turns();
  equal(sockets.length, 2);
});

test("a newcomer whose id is taken is told so at once, and who comes back tries again", async () => {
  const taken = { code: "peer_id_taken", message: "taken", temporary: true, ref: { type: "register" } };
  const newcomer = await begin();
  newcomer.sockets[0].onopen({});
  newcomer.sockets[0].say("error", taken);
  equal([(await rejection(newcomer.connected)).code, newcomer.signal.state], ["peer_id_taken", "closed"]);
  const { signal, sockets, clock } = await joined();
  sockets[0].end(1006);
  await clock.pass(250);
  sockets[1].onopen({});
  sockets[1].say("error", taken);
  equal([signal.state, sockets[1].isClosed], ["waiting", true]);
});

test("a register that is refused for now waits as long as the server says", async () => {
  const { told, sockets } = await begin();
  sockets[0].onopen({});
  sockets[0].say("error", { code: "rate_limited", message: "", temporary: true, retry_after_ms: 900, ref: { type: "register" } });
  equal([told[0][0], told[0][1].delayMs], ["reconnecting", 900]);
});

test("a register that is refused for good is final", async () => {
  const { connected, sockets } = await begin();
  sockets[0].onopen({});
  sockets[0].say("error", { code: "too_large", message: "metadata", temporary: false, ref: { type: "register" } });
  equal((await rejection(connected)).code, "too_large");
});

test("close settles everything and leaves no timer", async () => {
  const { signal, told, sockets, clock, window } = await joined();
  const sent = rejection(signal.send("bob", "message", 1));
  signal.close();
  equal([(await sent).code, sockets[0].isClosed, clock.pending], ["closed", true, []]);
  equal([names(told), told[0][1].code, signal.peers.size], [["close"], 1000, 0]);
  equal((await rejection(signal.send("bob", "message", 1))).code, "closed");
  window.dispatchEvent(new Event("online"));
  signal.close();
  equal([sockets.length, told.length], [1, 1]);
});

test("close while it connects rejects connect, and nothing comes after it", async () => {
  const { signal, connected, sockets, clock } = await begin({ token: () => new Promise(() => undefined) });
  signal.close();
  equal([(await rejection(connected)).code, sockets.length, clock.pending], ["closed", 0, []]);
});

test("close while it looks for the reason of a refusal ends that, too", async () => {
  const { signal, told, sockets, clock } = await begin();
  sockets[0].end(1006);
  signal.close();
  await clock.pass(60_000);
  equal([names(told), sockets.length], [["close"], 1]);
});

test("close ends a connection that has fallen silent, too", async () => {
  const { signal, sockets, clock } = await joined();
  await clock.pass(35_000);
  await clock.pass(250);
  sockets[1].onopen({});
  sockets[1].say("welcome", { heartbeat: { interval_ms: 1000 }, limits: {} });
  await clock.pass(9_999);
  equal([signal.state, sockets.map(({ isClosed }) => isClosed)], ["connecting", [false, false]]);
  signal.close();
  equal(sockets.map(({ isClosed }) => isClosed), [true, true]);
});

test("leave waits for the server, then closes", async () => {
  const { signal, sockets } = await joined();
  const left = signal.leave();
  equal([sockets[0].sent.at(-1).type, signal.state], ["leave", "open"]);
  sockets[0].say("ack", { id: "1", status: "delivered" });
  await left;
  equal([signal.state, sockets[0].isClosed], ["closed", true]);
});

test("after the end it can connect again, as a newcomer", async () => {
  const { signal, sockets } = await joined();
  signal.close();
  const again = signal.connect();
  await turns();
  sockets[1].admit();
  await again;
  equal([sockets[1].sent[0].payload.session, signal.state], [undefined, "open"]);
});

test("what is larger than the server takes fails here", async () => {
  const { signal, sockets } = await joined();
  const error = await rejection(signal.broadcast("é".repeat(500)));
  equal([error.code, error.temporary, sockets[0].sent.length], ["too_large", false, 1]);
});

test("wrong options are named", () => {
  for (const [url, options, named] of [
    ["ws://x/ws", { groupId: "room" }, "peerId"],
    ["ws://x/ws", { peerId: "me", groupId: "" }, "groupId"],
    ["ftp://x/ws", { peerId: "me", groupId: "room" }, "url"],
    ["ws://x/ws", { peerId: "me", groupId: "room", platform: { WebSocket: undefined } }, "platform.WebSocket"],
  ]) {
    try {
      new Signal(url, options);
    } catch (error) {
      equal([error instanceof TypeError, error.message.split(":")[0]], [true, named]);
      continue;
    }
    throw new Error(`${named}: expected a TypeError`);
  }
});
