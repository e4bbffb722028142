import { SignalError } from "./signal_error.js";

/** Where the tokens come from: a string, a function that gives a new one each time, or nowhere. */
export class TokenSource {
  #source;
  #last;
  #isSpent = false;

  constructor(source) {
    this.#source = source;
  }

  /** Whether another one can be had than the last. */
  get canRenew() {
    return typeof this.#source === "function";
  }

  /** The server takes the last one no longer. */
  spend() {
    this.#isSpent = true;
  }

  /** @throws SignalError `token`: the function failed, or gave the one that is spent, which is final */
  async next() {
    const token = this.canRenew ? await this.#ask() : this.#source;
    if (this.#isSpent && token === this.#last) {
      throw new SignalError("token", "the server takes it no longer, and there is no newer one", { temporary: false });
    }
    this.#isSpent = false;
    this.#last = token;
    return token;
  }

  async #ask() {
    try {
      return await this.#source();
    } catch (cause) {
      throw new SignalError("token", `the function that should give one failed: ${cause}`, { cause });
    }
  }
}
