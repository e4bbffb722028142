/**
 * The side that made a channel greets the other one on it, with an empty message, where both have said that they know of this.
 *
 * The side that was offered a channel has it open first, by 10 to 100 ms when the machine is busy. What it sends until the other has it open,
 * too, gets there and is discarded (W3C's WebRTC, section 6.2: unless `[[ReadyState]]` is `open`). Of 45 links made at once, one in
 * fifteen such meshes lost its first message.
 */

/** Milliseconds that a greeting may take. */
const GREETING_MS = 2_000;

export function greet(channel) {
  channel.send("");
}

/** Act once the other side has the channel open, too; without a greeting after a while. The app never sees the greeting. */
export function whenGreeted(channel, act, platform) {
  const once = onlyOnce(act);
  const timer = platform.setTimeout(() => whenOpen(channel, once), GREETING_MS);
  const hear = (event) => {
    event.stopImmediatePropagation();
    platform.clearTimeout(timer);
    once();
  };
  channel.addEventListener("message", hear, { once: true });
}

export function whenOpen(channel, act) {
  if (channel.readyState === "open") {
    act();
  } else {
    channel.addEventListener("open", act, { once: true });
  }
}

function onlyOnce(act) {
  let isDone = false;
  return () => {
    if (!isDone) {
      isDone = true;
      act();
    }
  };
}
