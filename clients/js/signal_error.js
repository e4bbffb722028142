import { ANSWER_MS } from "./platform.js";

/**
 * Why something failed. `code` is one of the server's (docs/protocol.md: Error codes), or one of the client's own:
 *
 *     closed        the app has closed it, or has not connected yet
 *     disconnected  the connection ended
 *     lost          it ended before the answer came, and the place in the group is lost, too: whether the message arrived is not known
 *     timeout       no answer in time
 *     overloaded    too many messages wait for their answer
 *     unreachable   nothing answers at the address
 *     refused       the server refuses the handshake
 *     token         there is no token, or none that the server takes or a header can carry
 */
export class SignalError extends Error {
  constructor(code, message, { temporary = true, retryAfterMs, ref = {}, cause } = {}) {
    super(`${code}: ${message}`, { cause });
    this.name = "SignalError";
    this.code = code;
    /** Whether the same may succeed later. */
    this.temporary = temporary;
    /** Milliseconds not to try it before, where the server has said so. */
    this.retryAfterMs = retryAfterMs;
    /** Which message it is about: `{id, type, target_id}`, as far as that is known. */
    this.ref = ref;
  }

  /** An answer that did not come. */
  static timeout(what) {
    return new SignalError("timeout", `${what}: no answer within ${ANSWER_MS} ms`);
  }
}
