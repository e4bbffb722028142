/** What follows on a close code, as docs/protocol.md has it. `-`, and any code that is not here: come back as for `backoff`. */
export const RECONNECT = Object.freeze({
  1000: "-",
  1001: "-",
  1002: "no",
  1003: "no",
  1007: "no",
  1008: "no",
  1009: "no",
  1011: "backoff",
  1012: "slot",
  1013: "backoff",
  4400: "no",
  4401: "new token",
  4403: "new token",
  4408: "backoff",
  4409: "no",
  4410: "no",
  4413: "backoff",
  4429: "backoff",
});

/** Milliseconds: the n-th failure in a row is followed by a random delay of up to `FIRST_MS * 2 ** n`, and never of more than `LONGEST_MS`. */
const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Milliseconds after which a connection was a success. A server that takes clients in and fails at once is not asked ever faster. */
const STEADY_MS = 10_000;

/** When to come back: after a random time ("full jitter": after a restart not all may come at once), or in the slot that was given. */
export class Reconnect {
  #platform;
  #failures = 0;
  #joinedAt = Infinity;
  #slotAt = 0;
  #keptUntil = 0;
  /** For so long, in milliseconds, the server keeps the place in the group when a connection breaks. */
  windowMs = 0;

  constructor(platform) {
    this.#platform = platform;
  }

  /** Whether the server has said when to come back, and it is not yet time. */
  get hasSlot() {
    return this.#platform.now() < this.#slotAt;
  }

  joined() {
    this.#joinedAt = this.#platform.now();
  }

  /** The server goes, and wants this client back after so many milliseconds. */
  takeSlot(ms) {
    this.#slotAt = this.#platform.now() + ms;
  }

  /** Milliseconds for which the place is still kept. */
  get keptMs() {
    return Math.max(0, this.#keptUntil - this.#platform.now());
  }

  /**
   * Milliseconds until the next attempt, after a failure before which the server may have asked for some patience. `isKept`: a connection
   * broke, and so the place is kept if it had one. Who came later than that would come for nothing; what is sooner for it is no failure more.
   */
  delay(retryAfterMs = 0, isKept = false) {
    const { now, random } = this.#platform;
    if (this.#joinedAt !== Infinity) {
      this.#keptUntil = isKept ? now() + this.windowMs : 0;
    }
    if (now() - this.#joinedAt >= STEADY_MS) {
      this.#failures = 0;
    }
    this.#joinedAt = Infinity;
    let longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures);
    if (this.keptMs > FIRST_MS && this.keptMs < longest) {
      longest = this.keptMs;
    } else {
      this.#failures += 1;
    }
    return this.hasSlot ? this.#slotAt - now() : Math.max(random() * longest, retryAfterMs);
  }
}
