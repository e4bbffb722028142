/** What the client takes from its surroundings. `options.platform` replaces any of it: for a test, or where something is missing. */
export const PLATFORM = {
  WebSocket: globalThis.WebSocket,
  RTCPeerConnection: globalThis.RTCPeerConnection,
  fetch: (...request) => globalThis.fetch(...request),
  setTimeout: (...timer) => globalThis.setTimeout(...timer),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
  /** Milliseconds that only ever grow. */
  now: () => performance.now(),
  /** From 0 to 1. */
  random: () => Math.random(),
  /** Where `online`, `offline` and `visibilitychange` are heard; in Node.js nothing is. */
  window: globalThis.addEventListener ? globalThis : undefined,
};

/** Milliseconds that anything may take which somebody else has to answer: a token, a handshake, a register, a message. */
export const ANSWER_MS = 10_000;
