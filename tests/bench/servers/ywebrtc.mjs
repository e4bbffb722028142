// Starts y-webrtc's own signaling server, unchanged, on loopback: by itself it listens on every address. PORT and NODE_MODULES are in the
// environment.
import http from "node:http";

const listen = http.Server.prototype.listen;
http.Server.prototype.listen = function (port) {
  return listen.call(this, port, "127.0.0.1");
};
await import(`${process.env.NODE_MODULES}/y-webrtc/bin/server.js`);
