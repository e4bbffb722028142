import { Mesh, Signal } from "./client/client.js";
import { ME } from "./picture.js";
import { stepOf } from "./steps.js";
import { tapped } from "./tap.js";
import { Talk } from "./talk.js";

/**
 * One stay in one room, from `enter` to its end. Events, each with its `detail`:
 *
 *     step    a step of the picture
 *     state   {words, isBad}     how it is with the server
 *     peer    {peer, isConnected}  somebody is there
 *     gone    {peer}             somebody is not there any more
 *     talk    {peer, talk}       a channel is open
 *     fault   {peer, error}      something failed, with a peer or without one
 *     end     {words, isBad}     nothing follows
 */
export class Room extends EventTarget {
  /** Open channels by peer. */
  talks = new Map();
  #signal;
  #mesh;
  #isOver = false;

  constructor(name, room) {
    super();
    const platform = { WebSocket: tapped((message, isSent) => this.#tell("step", stepOf(message, isSent))) };
    this.#signal = new Signal("ws", { peerId: name, groupId: room, platform });
    this.#mesh = new Mesh(this.#signal);
    this.#hearSignal();
    this.#hearMesh();
  }

  enter() {
    this.#tell("state", { words: "Connecting to the server." });
    this.#signal.connect().catch(() => undefined); // `end` tells the same
  }

  leave() {
    this.#signal.close();
  }

  /** Show something that passes through a channel. */
  direct(name, from, to) {
    this.#tell("step", { name, from, to, kind: "direct" });
  }

  #hearSignal() {
    const on = (name, act) => this.#signal.addEventListener(name, ({ detail }) => act(detail));
    const here = () => this.#tell("state", { words: `Joined ${this.#signal.groupId} as ${this.#signal.peerId}.` });
    on("open", here);
    on("resumed", here);
    on("peers", ({ peers }) => peers.forEach(({ id }) => this.#show(id)));
    on("peerjoined", ({ peer }) => this.#show(peer.id));
    on("peerleft", ({ peer }) => this.talks.has(peer.id) || this.#tell("gone", { peer: peer.id }));
    on("reconnecting", ({ error, delayMs }) => {
      const words = `No server (${error.message}). Next attempt in ${Math.ceil(delayMs / 1000)} s; open channels stay.`;
      this.#tell("state", { words, isBad: true });
    });
    on("error", ({ error }) => this.#tell("fault", { error }));
    on("close", ({ error }) => this.#closed(error));
  }

  #hearMesh() {
    const on = (name, act) => this.#mesh.addEventListener(name, ({ detail }) => act(detail));
    on("channel", ({ peer, channel }) => {
      const talk = new Talk(channel);
      this.talks.set(peer, talk);
      this.direct("connected", ME, peer);
      this.#show(peer);
      this.#tell("talk", { peer, talk });
    });
    on("gone", ({ peer }) => {
      this.talks.delete(peer);
      this.#tell("gone", { peer });
    });
    on("error", (detail) => this.#tell("fault", detail));
  }

  #closed(error) {
    const hasLeft = error.code === "closed";
    this.#tell("end", hasLeft ? { words: "You have left." } : { words: `Not in the room: ${error.message}.`, isBad: true });
    this.#isOver = true;
    this.#mesh.close();
  }

  #show(peer) {
    this.#tell("peer", { peer, isConnected: this.talks.has(peer) });
  }

  #tell(name, detail) {
    if (!this.#isOver) {
      this.dispatchEvent(new CustomEvent(name, { detail }));
    }
  }
}
