import { healthAddress, socketAddress } from "/clients/js/address.js";
import { equal, test } from "./tests.js";

test("an address of a page, relative or not, becomes that of a WebSocket", () => {
  equal(socketAddress("https://example.org/t/acme/ws?a=1#part"), "wss://example.org/t/acme/ws?a=1");
  equal(socketAddress("/ws"), `ws://${location.host}/ws`);
});

test("the health of a server is asked for at its own scheme and port", () => {
  equal([healthAddress("wss://example.org:8443/t/acme/ws?a=1").href, healthAddress("ws://example.org/ws").href], [
    "https://example.org:8443/health",
    "http://example.org/health",
  ]);
});
