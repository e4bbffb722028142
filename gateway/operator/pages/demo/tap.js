/** Frames that only keep a connection alive or confirm another frame: they would hide what the picture is to show. */
const UNSHOWN = new Set(["heartbeat", "ack"]);

/** A WebSocket that shows every message which passes: `show(message, isSent)`. */
export function tapped(show) {
  const tell = (data, isSent) => {
    const message = JSON.parse(data);
    if (!UNSHOWN.has(message.type)) {
      show(message, isSent);
    }
  };
  return class extends WebSocket {
    constructor(...address) {
      super(...address);
      this.addEventListener("message", ({ data }) => tell(data, false));
    }

    send(data) {
      super.send(data);
      tell(data, true);
    }
  };
}
