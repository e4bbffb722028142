import { greet, whenGreeted, whenOpen } from "./greeting.js";
import { SignalError } from "./signal_error.js";

/** Milliseconds after which what got lost on the way is said again, and how often between two connections. */
const REPEAT_MS = 2_000;
const MOST_REPEATS = 5;

/** Candidates that may come before the description they belong to. */
const MOST_EARLY = 64;

/** Why nothing more is said to a peer for now: it is not there. If it comes back, the group hears of it. */
const GONE = new Set(["unknown_peer", "peer_away", "undelivered"]);

const BROKEN = new Set(["disconnected", "failed", "closed"]);

/**
 * One RTCPeerConnection with one peer. "Perfect negotiation" (the W3C's WebRTC recommendation, section 10.7): both may offer whenever
 * something changes; when both do at once, the one that yields takes its own offer back.
 *
 * What comes is handled one by one, so that a candidate never overtakes its description.
 */
export class Link {
  /** Whether this side offers first and has its way; it is the one that joined later. */
  isInitiator;
  connection;
  /** The first channel. */
  channel;

  #says;
  #platform;
  #work = Promise.resolve();
  #early = [];
  #remoteSession;
  #isGreeted = false; // whether both sides know of the greeting
  #timer;
  #repeats = 0;
  #isClosed = false;

  /**
   * @param says what it calls: `send(type, payload)`, which returns a promise, `opened(channel)`, `changed()`, and `failed(error)`
   */
  constructor(connection, isInitiator, platform, says) {
    this.connection = connection;
    this.isInitiator = isInitiator;
    this.#platform = platform;
    this.#says = says;
    connection.onnegotiationneeded = () => this.#queue(() => this.#offer());
    connection.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) {
        this.#send("candidate", candidate.toJSON());
      } // else there are no more, which no peer has to know
    };
    connection.ondatachannel = ({ channel }) => this.#welcome(channel);
    connection.onconnectionstatechange = () => this.#changed();
  }

  /** Whether bytes get through. */
  get works() {
    // A channel may be open a moment before its connection says that it is connected.
    return this.channel?.readyState === "open" && !BROKEN.has(this.connection.connectionState);
  }

  /** Make the channel; that makes the first offer. */
  open(label, options) {
    const channel = this.connection.createDataChannel(label, options);
    this.channel = channel;
    whenOpen(channel, () => {
      if (this.#isGreeted) {
        greet(channel);
      }
      this.#says.opened(channel);
    });
  }

  /** Look for another way (ICE restart); `rtcConfig` may have newer credentials. */
  restart(rtcConfig) {
    this.connection.setConfiguration({ ...this.connection.getConfiguration(), ...rtcConfig });
    this.connection.restartIce();
  }

  close() {
    this.#isClosed = true;
    this.#platform.clearTimeout(this.#timer);
    const { connection } = this;
    connection.onnegotiationneeded = connection.onicecandidate = connection.ondatachannel = connection.onconnectionstatechange = null;
    connection.close();
  }

  /** Take an offer, an answer or a candidate. */
  take(type, payload) {
    if (type === "offer") {
      this.#remoteSession ??= sessionOf(payload);
    }
    this.#queue(() => (type === "candidate" ? this.#addCandidate(payload) : this.#describe(payload)));
  }

  /** Whether an offer is that of another RTCPeerConnection than the one that this link is made with. */
  isForeign(description) {
    return this.#remoteSession !== undefined && this.#remoteSession !== sessionOf(description);
  }

  #queue(work) {
    this.#work = this.#work
      .then(() => !this.#isClosed && work())
      .catch((error) => !this.#isClosed && this.#says.failed(error)); // what a closed connection had under way fails, and nobody minds
  }

  async #offer() {
    if (this.connection.signalingState === "stable") {
      await this.connection.setLocalDescription();
      this.#tellDescription();
    }
  }

  async #describe(description) {
    const { connection } = this;
    const isOffer = description.type === "offer";
    if (isOffer ? this.isInitiator && connection.signalingState !== "stable" : !this.#isAwaited(description)) {
      return; // the other side takes its offer back for ours; or it has answered before, or an earlier offer
    }
    this.#isGreeted = description.greets === true;
    await connection.setRemoteDescription({ type: description.type, sdp: description.sdp });
    this.#remoteSession = sessionOf(description);
    for (const candidate of this.#early.splice(0)) {
      await this.#addCandidate(candidate);
    }
    if (isOffer) {
      await connection.setLocalDescription();
      this.#tellDescription();
    }
  }

  async #addCandidate(payload) {
    // The PSync daemon writes its keys with underscores.
    const { candidate, sdpMid = payload.sdp_mid ?? "0", sdpMLineIndex = payload.sdp_mline_index ?? 0, usernameFragment } = payload;
    const { remoteDescription } = this.connection;
    if (!remoteDescription) {
      this.#early = [...this.#early, payload].slice(-MOST_EARLY);
    } else if (!usernameFragment || remoteDescription.sdp.includes(`a=ice-ufrag:${usernameFragment}`)) {
      await this.connection.addIceCandidate({ candidate, sdpMid, sdpMLineIndex, usernameFragment });
    } // else it belongs to a description that was not taken
  }

  /** Whether an answer is that to the offer which is open. Who does not say which one it answers (`offer`) answers the last. */
  #isAwaited({ offer }) {
    const { signalingState, localDescription } = this.connection;
    return signalingState === "have-local-offer" && (offer === undefined || offer === versionOf(localDescription));
  }

  #tellDescription() {
    const { localDescription, remoteDescription } = this.connection;
    if (localDescription) {
      const { type, sdp } = localDescription;
      this.#send(type, { type, sdp, greets: true, offer: type === "answer" ? versionOf(remoteDescription) : undefined });
    } // else the offer has been taken back
  }

  async #send(type, payload) {
    try {
      await this.#says.send(type, payload);
    } catch (error) {
      if (!this.#isClosed) {
        this.#missed(error);
      }
    }
  }

  /** Something may not have arrived. The description says it again with all candidates until now; who knows it already does no more than answer. */
  #missed(error) {
    if (!(error instanceof SignalError && error.temporary) || GONE.has(error.code) || this.#repeats >= MOST_REPEATS) {
      this.#says.failed(error);
      return;
    }
    this.#repeats += 1;
    this.#platform.clearTimeout(this.#timer);
    const ms = error.retryAfterMs ?? REPEAT_MS;
    this.#timer = this.#platform.setTimeout(() => this.#queue(() => this.#tellDescription()), ms);
  }

  #changed() {
    const { connectionState } = this.connection;
    if (connectionState === "connected") {
      this.#repeats = 0;
    }
    this.#says.changed(connectionState);
  }

  #welcome(channel) {
    const isGreeted = this.channel === undefined && this.#isGreeted;
    this.channel ??= channel;
    (isGreeted ? whenGreeted : whenOpen)(channel, () => this.#says.opened(channel), this.#platform);
  }
}

/** What an RTCPeerConnection calls itself in all its descriptions: name and number of the `o=` line (RFC 8829 section 5.2.1). */
function sessionOf({ sdp }) {
  return /^o=(\S+ \S+)/m.exec(sdp)?.[1];
}

/** The same, with the version of the description. */
function versionOf({ sdp }) {
  return /^o=(\S+ \S+ \S+)/m.exec(sdp)?.[1];
}
