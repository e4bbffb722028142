import { socketAddress } from "./address.js";
import { Connection } from "./connection.js";
import { Pending } from "./pending.js";
import { ANSWER_MS, PLATFORM } from "./platform.js";
import { RECONNECT, Reconnect } from "./reconnect.js";
import { Refusals } from "./refusal.js";
import { SignalError } from "./signal_error.js";
import { TokenSource } from "./token_source.js";

const BROKEN = 1006; // RFC 6455 section 7.4.1: there was no close frame
const HURRIES = ["online", "offline", "visibilitychange"];

/**
 * One peer's place in one group, kept over lost connections. Events, each with its `detail`:
 *
 *     open          {self}                       in the group, as a newcomer
 *     resumed       {self}                       back in the old place: the others have noticed nothing
 *     peers         {peers}                      who was there before; comes after `open` and replaces what was known
 *     peerjoined    {peer}                       somebody came
 *     peerleft      {peer, reason}               somebody went
 *     message       {type, from, toAll, payload} offer, answer, candidate or message of another peer
 *     error         {error}                      something failed that no promise tells of
 *     goaway        {reason, deadline_ms, reconnect_after_ms}  the server will go; nothing has to be done
 *     reconnecting  {error, delayMs, keptMs}     there is no connection; the next attempt follows after the delay. The place is kept for
 *                                                `keptMs` from now; 0 when it is lost
 *     close         {error, code, reason}        the end, until `connect` is called again
 */
export class Signal extends EventTarget {
  /** The others in the group by id, each as the server tells of it: `{id, group_id, last_seen, metadata?}`. */
  peers = new Map();
  /** STUN and TURN servers for `RTCPeerConnection`, where the server names some. */
  iceServers;

  #url;
  #member;
  #tokens;
  #platform;
  #pending;
  #reconnect;
  #refusals;
  #ready;
  #state = "closed"; // then "connecting", "open", and "waiting" for the next attempt
  #turn; // changes with the state: what an earlier one has waited for is of no use any more
  #timer;
  #connection;
  #silent; // an earlier connection on which nothing comes; the place in the group hangs on it until another has taken it
  #session; // the right to that place
  #messageBytes = Infinity;

  /**
   * @param url the server's `/ws` or `/t/{tenant}/ws`, by `ws:` or `wss:`; in a page it may be relative
   * @param options `peerId` and `groupId`; `metadata`, which the others are told; `token`, a string, or a function that is asked before
   *   each attempt and returns one or a promise of one; `platform`, in the place of what the surroundings have (platform.js)
   * @throws TypeError names what is wrong
   */
  constructor(url, { peerId, groupId, metadata, token, platform } = {}) {
    super();
    demandId("peerId", peerId);
    demandId("groupId", groupId);
    this.#url = socketAddress(url);
    this.#member = { peer_id: peerId, group_id: groupId, metadata };
    this.#tokens = new TokenSource(token);
    this.#platform = { ...PLATFORM, ...platform };
    if (!this.#platform.WebSocket) {
      throw new TypeError("platform.WebSocket: missing, and there is none here; give one, or use Node.js from 22 on");
    }
    this.#pending = new Pending(this.#platform);
  }

  get peerId() {
    return this.#member.peer_id;
  }

  get groupId() {
    return this.#member.group_id;
  }

  /** `connecting`, `open`, `waiting` or `closed`. */
  get state() {
    return this.#state;
  }

  // --- What an app says ---

  /** Connect and join. Resolves once in the group, for the first time; rejects with the SignalError that ended it before. */
  connect() {
    if (this.#state === "closed") {
      this.#ready = Promise.withResolvers();
      this.#ready.promise.catch(() => undefined); // who does not wait for it hears the same by `close`
      this.#reconnect = new Reconnect(this.#platform);
      this.#refusals = new Refusals(this.#platform, this.#url);
      for (const name of HURRIES) {
        this.#platform.window?.addEventListener(name, this.#hurry);
      }
      this.#attempt();
    }
    return this.#ready.promise;
  }

  /**
   * Send an `offer`, `answer`, `candidate` or `message` to one peer, at most once. Resolves to `delivered`, or to `queued` while the peer is
   * expected back; else rejects with a SignalError. Without a connection it waits for the next one, and fails if the place in the group is lost.
   */
  async send(target, type, payload) {
    demandId("target", target); // without one it would be a broadcast
    return this.#say({ type, target_id: target, payload });
  }

  /** Send a `message` to everyone else in the group. Resolves to `delivered` when it is on its way to all of them. */
  broadcast(payload) {
    return this.#say({ type: "message", payload });
  }

  /** Leave the group, then close. Resolves when the server knows. */
  async leave() {
    try {
      if (this.#state === "open") {
        await this.#say({ type: "leave" });
      }
    } finally {
      this.close();
    }
  }

  /** Close at once. The others hear that this peer has left. */
  close() {
    if (this.#state !== "closed") {
      this.#finish(new SignalError("closed", "the app has closed it", { temporary: false }), { code: 1000 });
    }
  }

  #say(message) {
    if (this.#state === "closed") {
      return Promise.reject(new SignalError("closed", "call connect first", { temporary: false }));
    }
    const answered = this.#pending.add(message);
    if (this.#state === "open") {
      this.#flush();
    }
    return answered;
  }

  #flush() {
    this.#pending.flush((frame) => this.#connection.send(frame), this.#messageBytes);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // --- From one attempt to the next ---

  async #attempt() {
    const turn = this.#enter("connecting", ANSWER_MS, () => this.#retry(SignalError.timeout("the token function")));
    try {
      const token = await this.#tokens.next();
      if (turn === this.#turn) {
        this.#connection = this.#dial(token);
        this.#enter("connecting", ANSWER_MS, () => this.#retry(SignalError.timeout("the handshake, or the register")));
      }
    } catch (error) {
      if (turn === this.#turn) {
        this.#retryOrFinish(error);
      }
    }
  }

  #dial(token) {
    return new Connection(this.#platform, this.#url, token, {
      opened: () => this.#connection.send({ type: "register", payload: { ...this.#member, session: this.#session } }),
      heard: (message) => this.#hear(message),
      ended: ({ code, reason }) => (code === undefined ? this.#refused() : this.#ended(code, reason)),
      fellSilent: () => this.#keepPlace(),
    });
  }

  async #refused() {
    const turn = this.#turn;
    const error = await this.#refusals.explain();
    if (turn === this.#turn) {
      this.#retryOrFinish(error);
    }
  }

  #ended(code, reason) {
    const follows = RECONNECT[code] ?? "backoff";
    if (follows === "new token") {
      this.#tokens.spend();
    }
    const temporary = follows === "new token" ? this.#tokens.canRenew : follows !== "no";
    this.#retryOrFinish(new SignalError("disconnected", `close code ${code} ${reason}`.trim(), { temporary }), { code, reason });
  }

  /** A close frame might still get through, and would end the place in the group that the next connection is to take. */
  #keepPlace() {
    this.#silent = this.#connection;
    this.#silent.abandon();
    this.#connection = undefined;
    this.#retry(SignalError.timeout("a heartbeat"), BROKEN);
  }

  #retryOrFinish(error, close) {
    if (error.temporary) {
      this.#retry(error, close?.code);
    } else {
      this.#finish(error, close);
    }
  }

  #retry(error, code) {
    const delayMs = this.#reconnect.delay(error.retryAfterMs, code === BROKEN);
    this.#hangUp();
    this.#enter("waiting", delayMs, () => this.#attempt());
    this.#tell("reconnecting", { error, delayMs, keptMs: this.#reconnect.keptMs });
  }

  #finish(error, { code = BROKEN, reason = "" } = {}) {
    this.#hangUp();
    this.#silent?.close();
    this.#silent = this.#session = undefined;
    this.peers.clear();
    for (const name of HURRIES) {
      this.#platform.window?.removeEventListener(name, this.#hurry);
    }
    this.#enter("closed");
    this.#pending.failAll(error);
    this.#ready.reject(error);
    this.#tell("close", { error, code, reason });
  }

  #hangUp() {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Enter a state, and leave it by `then` after so many milliseconds unless something else happens. */
  #enter(state, ms, then) {
    this.#platform.clearTimeout(this.#timer);
    this.#timer = then && this.#platform.setTimeout(then, ms);
    this.#state = state;
    this.#turn = {};
    return this.#turn;
  }

  /** The network has changed, or somebody looks at the page again: find out at once what that means. */
  #hurry = ({ type }) => {
    if (this.#platform.window.document?.visibilityState === "hidden") {
      return;
    }
    if (this.#state === "open") {
      this.#connection.check();
    } else if (this.#state === "waiting" && type !== "offline" && !this.#reconnect.hasSlot) {
      this.#attempt();
    }
  };

  // --- What the server says ---

  #hear({ type, source_id: from, target_id: target, payload }) {
    switch (type) {
      case "welcome":
        this.#refusals.over();
        this.#messageBytes = payload.limits.message_bytes;
        this.#reconnect.windowMs = 1000 * (payload.limits.resume_window ?? 0);
        this.#connection.watch(payload.heartbeat.interval_ms);
        break;
      case "peer_list":
        this.#joined(payload);
        break;
      case "peer_joined":
        this.peers.set(payload.peer.id, payload.peer);
        this.#tell("peerjoined", payload);
        break;
      case "peer_left":
        this.peers.delete(payload.peer.id);
        this.#tell("peerleft", payload);
        break;
      case "offer":
      case "answer":
      case "candidate":
      case "message":
        this.#tell("message", { type, from, toAll: !target, payload });
        break;
      case "ack":
        this.#pending.resolve(payload.id, payload.status);
        break;
      case "error":
        this.#failed(payload);
        break;
      case "goaway":
        this.#reconnect.takeSlot(payload.reconnect_after_ms);
        this.#tell("goaway", payload);
        break;
      default: // a later version may say more
    }
  }

  #joined({ peers, self, resumed = false, ice_servers: iceServers }) {
    const isBack = this.#session !== undefined && this.#state === "connecting";
    this.#session = self.session;
    this.iceServers = iceServers;
    if (this.#state === "connecting") {
      this.#silent?.close();
      this.#silent = undefined;
      this.#reconnect.joined();
      this.#enter("open");
    }
    if (!resumed) {
      this.peers.clear();
      if (isBack) {
        // Where the place was kept, so were the answers to what had been sent, and they come now.
        this.#pending.failAll(new SignalError("lost", "the connection broke, and the place in the group was lost with it"));
      }
    }
    for (const peer of peers) {
      this.peers.set(peer.id, peer);
    }
    this.#flush();
    this.#ready.resolve();
    this.#tell(resumed ? "resumed" : "open", { self });
    if (!resumed) {
      this.#tell("peers", { peers });
    }
  }

  #failed({ code, message, temporary, retry_after_ms: retryAfterMs, ref }) {
    const error = new SignalError(code, message, { temporary, retryAfterMs, ref });
    if (this.#state !== "connecting" || ref.type !== "register") {
      if (!this.#pending.fail(ref.id, error)) {
        this.#tell("error", { error });
      }
    } else if (code === "peer_id_taken" && this.#session === undefined) {
      this.#finish(error); // a newcomer needs another id; who comes back may meet its own ghost
    } else {
      this.#retryOrFinish(error);
    }
  }
}

function demandId(name, value) {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`${name}: expected a string that is not empty`);
  }
}
