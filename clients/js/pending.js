import { ANSWER_MS } from "./platform.js";
import { SignalError } from "./signal_error.js";

/** Messages. With the server's bound on each of them this bounds the memory that they take. */
const MOST = 256;

const ENCODER = new TextEncoder();

/** The messages that wait: for a connection to go out on, then for their answer. Each is settled, at the latest by its deadline. */
export class Pending {
  #platform;
  #messages = new Map();
  #last = 0;

  constructor(platform) {
    this.#platform = platform;
  }

  /** Take a message in; the promise is that of its answer. */
  add(message) {
    if (this.#messages.size >= MOST) {
      return Promise.reject(new SignalError("overloaded", `${MOST} messages wait for their answer; wait for some of them`));
    }
    const id = String(++this.#last);
    return new Promise((resolve, reject) => {
      const frame = JSON.stringify({ ...message, id });
      const timer = this.#platform.setTimeout(() => this.fail(id, SignalError.timeout(message.type)), ANSWER_MS);
      this.#messages.set(id, { frame, sent: false, timer, resolve, reject });
    });
  }

  /** Send what has not been sent yet, in order. What is larger than `limit` bytes fails: the server would close the connection. */
  flush(send, limit) {
    for (const [id, message] of [...this.#messages]) {
      if (message.sent) {
        continue;
      }
      const size = ENCODER.encode(message.frame).length;
      if (size > limit) {
        this.fail(id, new SignalError("too_large", `the message has ${size} bytes, the server takes ${limit}`, { temporary: false }));
      } else {
        message.sent = true;
        send(message.frame);
      }
    }
  }

  resolve(id, status) {
    this.#take(id)?.resolve(status);
  }

  /** Returns whether a message of this id has waited. */
  fail(id, error) {
    const message = this.#take(id);
    message?.reject(error);
    return message !== undefined;
  }

  failAll(error) {
    for (const id of [...this.#messages.keys()]) {
      this.fail(id, error);
    }
  }

  #take(id) {
    const message = this.#messages.get(id);
    if (message) {
      this.#messages.delete(id);
      this.#platform.clearTimeout(message.timer);
    }
    return message;
  }
}
