/** @throws TypeError it is no URL, or none of a WebSocket */
export function socketAddress(url) {
  const address = new URL(url, globalThis.location?.href);
  address.protocol = address.protocol.replace("http", "ws");
  if (!address.protocol.startsWith("ws")) {
    throw new TypeError(`url: expected ws: or wss:, got ${address.protocol}`);
  }
  address.hash = ""; // which no WebSocket may have
  return address.href;
}

/** Where the server of a WebSocket tells whether it serves. */
export function healthAddress(url) {
  const address = new URL("/health", url);
  address.protocol = address.protocol.replace("ws", "http");
  return address;
}
