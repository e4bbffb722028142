import { Link } from "./link.js";
import { PLATFORM } from "./platform.js";

/** Milliseconds that a link may take to work before its initiator makes it anew; twice as long after each time that was in vain. */
const PATIENCE_MS = 15_000;
const LONGEST_PATIENCE_MS = 120_000;

/** A peer that went like this may be there still: its connection to the server is what broke. */
const UNREACHED = new Set(["lost", "away"]);

/**
 * A data channel with each of the others in the group. Of two peers the one that joined later makes it. Links outlive the server and its
 * connections: what works is kept, what does not is mended. Events, each with its `detail`:
 *
 *     channel  {peer, channel, connection}  a channel is open; the first with this peer, or another that the peer has made
 *     gone     {peer}                       there is no link with this peer any more
 *     error    {peer, error}                something failed; what can be mended is being mended
 */
export class Mesh extends EventTarget {
  /** Links by peer id: `{connection, channel, works}` of each. */
  links = new Map();

  #signal;
  #options;
  #platform;
  #timers = new Map();
  #listening = new AbortController();

  /**
   * Make it before `signal.connect()`, so that it misses nothing.
   *
   * @param options `label` and `channel` are those of RTCPeerConnection.createDataChannel; `rtcConfig` is that of RTCPeerConnection, and
   *   goes before the ICE servers that the server names; `platform` as for Signal
   */
  constructor(signal, { label = "data", channel, rtcConfig, platform } = {}) {
    super();
    this.#signal = signal;
    this.#options = { label, channel, rtcConfig };
    this.#platform = { ...PLATFORM, ...platform };
    if (!this.#platform.RTCPeerConnection) {
      throw new TypeError("platform.RTCPeerConnection: missing, and there is none here; give one");
    }
    this.#on("peers", ({ peers }) => this.#meet(peers));
    this.#on("peerjoined", ({ peer }) => this.#await(peer.id));
    this.#on("peerleft", ({ peer, reason }) => this.#part(peer.id, reason));
    this.#on("message", (message) => this.#take(message));
  }

  /** The open channels: pairs of peer id and channel. */
  *channels() {
    for (const [peer, { channel, works }] of this.links) {
      if (works) {
        yield [peer, channel];
      }
    }
  }

  /** Close all links, and make no more. The place in the group stays. */
  close() {
    this.#listening.abort();
    for (const peer of [...this.links.keys()]) {
      this.#drop(peer);
    }
  }

  #on(name, act) {
    this.#signal.addEventListener(name, ({ detail }) => act(detail), { signal: this.#listening.signal });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // --- Who is there ---

  /** These have joined before: this side offers, where no link works. */
  #meet(peers) {
    for (const { id } of peers) {
      const link = this.links.get(id);
      if (link?.works) {
        link.isInitiator = true;
      } else {
        this.#initiate(id);
      }
    }
  }

  /** This one has joined later and will offer, unless it finds that its link works. */
  #await(peer) {
    const link = this.links.get(peer);
    if (link) {
      link.isInitiator = false;
    }
  }

  #part(peer, reason) {
    if (!UNREACHED.has(reason) || !this.links.get(peer)?.works) {
      this.#drop(peer);
    }
  }

  // --- Links ---

  #initiate(peer, patienceMs = PATIENCE_MS) {
    const link = this.#make(peer, true);
    link.open(this.#options.label, this.#options.channel);
    this.#watch(peer, link, patienceMs);
  }

  #make(peer, isInitiator) {
    this.#discard(peer);
    const connection = new this.#platform.RTCPeerConnection(this.#rtcConfig());
    const link = new Link(connection, isInitiator, this.#platform, {
      send: (type, payload) => this.#signal.send(peer, type, payload),
      opened: (channel) => this.#tell("channel", { peer, channel, connection }),
      changed: (state) => this.#changed(peer, link, state),
      failed: (error) => this.#tell("error", { peer, error }),
    });
    this.links.set(peer, link);
    return link;
  }

  #rtcConfig() {
    const { iceServers } = this.#signal;
    return { ...(iceServers && { iceServers }), ...this.#options.rtcConfig };
  }

  /** Make the link anew, should it not work in time. */
  #watch(peer, link, patienceMs) {
    this.#platform.clearTimeout(this.#timers.get(peer));
    const again = () => {
      if (!link.works && link.isInitiator && this.#signal.peers.has(peer)) {
        this.#initiate(peer, Math.min(2 * patienceMs, LONGEST_PATIENCE_MS));
      }
    };
    this.#timers.set(peer, this.#platform.setTimeout(again, patienceMs));
  }

  #changed(peer, link, state) {
    if (state === "failed" && !this.#signal.peers.has(peer)) {
      this.#drop(peer);
    } else if (state === "failed") {
      link.restart(this.#rtcConfig());
      this.#watch(peer, link, PATIENCE_MS);
    } else if (state === "disconnected") {
      this.#watch(peer, link, PATIENCE_MS);
    }
  }

  #take({ type, from, payload }) {
    if (type === "message") {
      return;
    }
    let link = this.links.get(from);
    if (type === "offer" && (!link || link.isForeign(payload))) {
      link = this.#make(from, false);
    }
    link?.take(type, payload);
  }

  #drop(peer) {
    if (this.#discard(peer)) {
      this.#tell("gone", { peer });
    }
  }

  #discard(peer) {
    this.#platform.clearTimeout(this.#timers.get(peer));
    this.#timers.delete(peer);
    this.links.get(peer)?.close();
    return this.links.delete(peer);
  }
}
