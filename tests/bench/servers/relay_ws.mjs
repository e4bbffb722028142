// A relay as one writes it with `ws`: groups in a Map, the sender's id put on each message, JSON in and out. Speaks the part of v1 that the
// benchmark uses (docs/protocol.md). Usage: node relay_ws.mjs PORT, with `ws` where Node finds it
import { createRequire } from "node:module";

const { WebSocketServer } = createRequire(`${process.env.NODE_MODULES}/`)("ws");
const groups = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false, maxPayload: 65536 });

function register(socket, { peer_id: peer, group_id: group }) {
  leave(socket);
  if (!groups.has(group)) groups.set(group, new Map());
  const members = groups.get(group);
  const peers = [...members.keys()].map(id => ({ id, group_id: group }));
  socket.send(JSON.stringify({ type: "peer_list", source_id: "", payload: { peers } }));
  tell(members, { type: "peer_joined", source_id: "", payload: { peer: { id: peer, group_id: group } } });
  Object.assign(socket, { peer, group });
  members.set(peer, socket);
}

function relay(socket, message) {
  const members = groups.get(socket.group);
  if (!members) return fail(socket, "not registered");
  message.source_id = socket.peer;
  if (message.target_id === undefined) return tell(members, message, socket);
  const target = members.get(message.target_id);
  if (!target) return fail(socket, "no such peer");
  target.send(JSON.stringify(message));
}

function leave(socket) {
  const members = groups.get(socket.group);
  if (members?.get(socket.peer) !== socket) return;
  members.delete(socket.peer);
  if (members.size === 0) groups.delete(socket.group);
  tell(members, { type: "peer_left", source_id: "", payload: { peer: { id: socket.peer, group_id: socket.group } } });
}

function tell(members, message, except) {
  const text = JSON.stringify(message);
  for (const member of members.values()) if (member !== except) member.send(text);
}

function fail(socket, message) {
  socket.send(JSON.stringify({ type: "error", source_id: "", payload: { message } }));
}

server.on("connection", socket => {
  socket.on("message", data => {
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return fail(socket, "not JSON");
    }
    if (message.type === "register") register(socket, message.payload);
    else relay(socket, message);
  });
  socket.on("close", () => leave(socket));
  socket.on("error", () => {}); // a reset; "close" follows
});
