import { ME, SERVER } from "./picture.js";

/** What a frame adds to its name in the picture. */
const DETAILS = {
  peer_list: ({ peers }) => `(${peers.length})`,
  peer_left: ({ reason }) => `(${reason})`,
  error: ({ code }) => code,
};

/** Step of the picture for a message that has passed between this page and the server. */
export function stepOf({ type: name, source_id: source, target_id: target, payload }, isSent) {
  return {
    name,
    from: isSent ? ME : source || SERVER,
    to: isSent ? (target ?? SERVER) : ME,
    detail: isSent ? undefined : DETAILS[name]?.(payload),
    about: isSent ? undefined : payload?.peer?.id,
    kind: name === "error" ? "bad" : "relayed",
  };
}
