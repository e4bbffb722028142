import { healthAddress } from "./address.js";
import { ANSWER_MS } from "./platform.js";
import { SignalError } from "./signal_error.js";

const CAUSES =
  "with HTTP 400 it does not speak psync.v2.json, with 401 or 403 it does not admit the token or this page's origin, with 404 it has another " +
  "path, with 429 or 503 it is full or goes down. A WebSocket is not told which: its log tells it, or a look at the network in the browser's tools";

/** Refusals in a row after which a server that has never taken this client in is not asked any more. */
const MOST = 5;

/** Why there was no handshake. A WebSocket is not told; but whether there is a server that answers can be seen, even from another origin. */
export class Refusals {
  #platform;
  #health;
  #inARow = 0;
  #isKnown = false;

  constructor(platform, url) {
    this.#platform = platform;
    this.#health = healthAddress(url);
  }

  /** The server has taken this client in: it knows the profile, the origin and, for now, the token. */
  over() {
    this.#isKnown = true;
    this.#inARow = 0;
  }

  /** A SignalError, `unreachable` or `refused`. */
  async explain() {
    const request = { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) };
    try {
      await this.#platform.fetch(this.#health.href, request);
    } catch (cause) {
      this.#inARow = 0;
      return new SignalError("unreachable", `nothing answers at ${this.#health.origin}`, { cause });
    }
    this.#inARow += 1;
    const temporary = this.#isKnown || this.#inARow < MOST;
    return new SignalError("refused", `${this.#health.origin} answers, and refuses the handshake: ${CAUSES}`, { temporary });
  }
}
