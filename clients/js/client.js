/**
 * The client of a PSync Signal server, for browsers and for Node.js from 22 on. No dependencies: the folder is all of it.
 *
 *     signal.js        Signal: one place in one group; connects, sends, comes back, tells what happens
 *     mesh.js          Mesh: a data channel with each of the others
 *     link.js          one RTCPeerConnection of a mesh, and who yields when both offer
 *     greeting.js      how a channel is known to be open at both ends
 *     connection.js    one WebSocket, and whether anybody is at its other end
 *     token_source.js  where tokens come from
 *     pending.js       messages that wait for their answer
 *     reconnect.js     after which close code to come back, and when
 *     address.js       the URLs of a server
 *     refusal.js       why there was no handshake
 *     signal_error.js  what an app is told of a failure
 *     platform.js      what all of that takes from its surroundings
 */

export { Mesh } from "./mesh.js";
export { RECONNECT } from "./reconnect.js";
export { Signal } from "./signal.js";
export { SignalError } from "./signal_error.js";
