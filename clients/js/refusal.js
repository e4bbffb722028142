import { healthAddress } from "./address.js";
import { ANSWER_MS } from "./platform.js";
import { SignalError } from "./signal_error.js";

const CAUSES =
  "with HTTP 400 it does not speak psync.v2.json, with 401 or 403 it does not admit the token or this page's origin, with 404 it has another " +
  "path, with 429 or 503 it is full or goes down. A WebSocket is not told which: its log tells it, or a look at the network in the browser's tools";

/**
 * Why there was no handshake: `unreachable` or `refused`. A WebSocket is not told, in no browser; but whether there is a server that
 * answers can be seen, even by a page of another origin.
 */
export async function explain(platform, url) {
  const health = healthAddress(url);
  const request = { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) };
  try {
    await platform.fetch(health.href, request);
  } catch (cause) {
    return new SignalError("unreachable", `nothing answers at ${health.origin}`, { cause });
  }
  return new SignalError("refused", `${health.origin} answers, and refuses the handshake: ${CAUSES}`);
}
