import { Connection } from "/clients/js/connection.js";
import { surroundings } from "./doubles.js";
import { equal, test } from "./tests.js";

/** A connection, and what it says. */
function make() {
  const { clock, platform, sockets } = surroundings();
  const said = [];
  const says = Object.fromEntries(
    ["opened", "heard", "ended", "fellSilent"].map((name) => [name, (detail) => said.push([name, detail].filter(Boolean))]),
  );
  return { clock, said, connection: new Connection(platform, "ws://127.0.0.1/ws", undefined, says), socket: sockets[0] };
}

test("the end is told once, with a code only if there was a handshake", () => {
  const { said, socket } = make();
  const { onclose, onerror } = socket;
  onerror({});
  equal([said, socket.onclose], [[["ended", {}]], null]);
  equal(onclose === onerror, true);
  const other = make();
  other.socket.onopen({});
  other.socket.end(4409, "newer");
  equal(other.said, [["opened"], ["ended", { code: 4409, reason: "newer" }]]);
});

test("whatever comes puts the next question off", async () => {
  const { clock, said, connection, socket } = make();
  connection.watch(1000);
  await clock.pass(999);
  socket.say("peer_list", {});
  await clock.pass(999);
  equal(socket.sent, []);
  await clock.pass(1);
  equal(socket.sent, [{ type: "heartbeat", id: "heartbeat" }]);
  await clock.pass(9_999);
  socket.say("ack", {});
  await clock.pass(999);
  equal(said.map(([name]) => name), ["heard", "heard"]);
});

test("no answer to the question is silence, and asking twice does not put that off", async () => {
  const { clock, said, connection, socket } = make();
  connection.check();
  await clock.pass(5_000);
  connection.check();
  await clock.pass(5_000);
  equal([said, socket.sent.length], [[["fellSilent"]], 1]);
});

test("who abandons it hears nothing more, and leaves it open", async () => {
  const { clock, connection, socket } = make();
  connection.watch(1000);
  connection.abandon();
  equal([socket.onmessage, socket.onclose, socket.isClosed, clock.pending], [null, null, false, []]);
  connection.close();
  equal(socket.isClosed, true);
});
