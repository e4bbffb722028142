/** Signals without a server: whoever is made with the same group hears the others, in the order in which they joined. */

import { SignalError } from "/clients/js/client.js";
import { turns } from "./doubles.js";

/** Has just what Mesh takes of a Signal. */
export class LocalSignal extends EventTarget {
  peers = new Map();
  iceServers = undefined;
  /** What it was asked to send: `[target, type]`. */
  sent = [];
  /** With which codes the next messages fail. */
  failures = [];

  constructor(group, id) {
    super();
    this.group = group;
    this.id = id;
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  join() {
    const before = [...this.group.values()];
    this.group.set(this.id, this);
    this.peers = new Map(before.map(({ id }) => [id, { id }]));
    for (const other of before) {
      other.peers.set(this.id, { id: this.id });
      other.tell("peerjoined", { peer: { id: this.id } });
    }
    this.tell("peers", { peers: before.map(({ id }) => ({ id })) });
  }

  part(reason) {
    this.group.delete(this.id);
    for (const other of this.group.values()) {
      other.peers.delete(this.id);
      other.tell("peerleft", { peer: { id: this.id }, reason });
    }
  }

  async send(target, type, payload) {
    this.sent.push([target, type]);
    await turns();
    const code = this.failures.shift();
    if (code) {
      throw new SignalError(code, "as the test wants");
    }
    const other = this.group.get(target);
    if (!other) {
      throw new SignalError("unknown_peer", "nobody");
    }
    other.tell("message", { type, from: this.id, toAll: false, payload: JSON.parse(JSON.stringify(payload)) });
    return "delivered";
  }
}

/** Wait for an event of this name. */
export function next(target, name) {
  return new Promise((resolve) => {
    target.addEventListener(name, ({ detail }) => resolve(detail), { once: true });
  });
}
