import { ANSWER_MS } from "./platform.js";
import { SignalError } from "./signal_error.js";

/** The profile. A server that does not know it refuses the handshake. */
const PROFILE = "psync.v2.json";

/** One WebSocket, from the handshake to its end, of which `ended` tells once. */
export class Connection {
  #platform;
  #socket;
  #isOpen = false;
  #everyMs;
  #timer;
  #isAsked = false;
  #says;

  /**
   * @param says what it calls: `opened()`, `heard(message)`, `ended({code, reason})`, where without a handshake there is no `code`,
   *   and `fellSilent()`
   * @throws SignalError `token`: it has characters that no header may have
   */
  constructor(platform, url, token, says) {
    this.#platform = platform;
    this.#says = says;
    // A browser can put a token into no other header, and a URL ends up in logs.
    const socket = (this.#socket = dial(platform, url, token ? [PROFILE, `bearer.${token}`] : [PROFILE]));
    socket.onopen = () => {
      this.#isOpen = true;
      says.opened();
    };
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    // Browsers call both when they cannot connect, and Node.js 22 calls onerror alone.
    socket.onclose = socket.onerror = ({ code = 1006, reason = "" }) => {
      this.abandon();
      says.ended(this.#isOpen ? { code, reason } : {});
    };
  }

  send(message) {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Ask for a sign of life whenever nothing has come for so long: a browser does not show the server's pings. */
  watch(everyMs) {
    this.#everyMs = everyMs;
    this.#rest();
  }

  /** Ask for a sign of life now. */
  check() {
    if (!this.#isAsked) {
      this.#isAsked = true;
      this.send({ type: "heartbeat", id: "heartbeat" });
      this.#after(ANSWER_MS, () => this.#says.fellSilent());
    }
  }

  /** Hear nothing more of it, and leave it open. */
  abandon() {
    this.#platform.clearTimeout(this.#timer);
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
  }

  close() {
    this.abandon();
    this.#socket.close();
  }

  #hear(message) {
    this.#isAsked = false;
    if (this.#everyMs !== undefined) {
      this.#rest();
    }
    this.#says.heard(message);
  }

  #rest() {
    this.#after(this.#everyMs, () => this.check());
  }

  #after(ms, act) {
    this.#platform.clearTimeout(this.#timer);
    this.#timer = this.#platform.setTimeout(act, ms);
  }
}

function dial(platform, url, names) {
  try {
    return new platform.WebSocket(url, names);
  } catch (cause) {
    throw new SignalError("token", "it has characters that no header may have", { temporary: false, cause });
  }
}
