/** Stand-ins for what the client takes from its surroundings: a clock that is turned by hand, a WebSocket whose other end is the test. */

/** Let everything run that waits for nothing but its turn. */
export function turns() {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}

export class ManualClock {
  #now = 0;
  #timers = new Map();
  #last = 0;

  now = () => this.#now;

  setTimeout = (act, ms) => {
    this.#timers.set(++this.#last, { at: this.#now + ms, act });
    return this.#last;
  };

  clearTimeout = (timer) => {
    this.#timers.delete(timer);
  };

  /** Milliseconds from now, of each timer that is set. */
  get pending() {
    return [...this.#timers.values()].map(({ at }) => at - this.#now).sort((one, other) => one - other);
  }

  /** Let time pass; what is due happens in its order. */
  async pass(ms) {
    await turns();
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
      if (!due) {
        break;
      }
      const [timer, { at, act }] = due;
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, at);
      act();
      await turns();
    }
    this.#now = end;
  }
}

/** A WebSocket that goes nowhere. */
export class ManualSocket {
  static made = [];

  sent = [];
  isClosed = false;

  constructor(url, names) {
    if (names.some((name) => name.includes(" "))) {
      throw new DOMException("not a token", "SyntaxError");
    }
    this.url = url;
    this.names = names;
    ManualSocket.made.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.isClosed = true;
  }

  // --- What the server does ---

  say(type, payload, more) {
    this.onmessage({ data: JSON.stringify({ type, payload, ...more }) });
  }

  end(code, reason = "") {
    this.onclose({ code, reason });
  }

  /** Take the client in. */
  admit(list = {}, limits = { message_bytes: 1000 }) {
    this.onopen({});
    this.say("welcome", { connection_id: "c", heartbeat: { interval_ms: 25_000, expire_ms: 60_000 }, limits });
    this.say("peer_list", { peers: [], self: { id: "me", group_id: "room", session: "s1", sequence: 1 }, ...list });
  }
}

/** Surroundings for one test. `online` is whether there is a server at all. */
export function surroundings({ random = 0.5, online = true } = {}) {
  const clock = new ManualClock();
  ManualSocket.made = [];
  const window = new EventTarget();
  const fetched = [];
  const platform = {
    WebSocket: ManualSocket,
    fetch: async (url) => {
      fetched.push(url);
      if (!online) {
        throw new TypeError("Failed to fetch");
      }
    },
    setTimeout: clock.setTimeout,
    clearTimeout: clock.clearTimeout,
    now: clock.now,
    random: () => random,
    window,
  };
  return { clock, platform, window, fetched, sockets: ManualSocket.made };
}

/** What an event target tells, in order: `[name, detail]`. */
export function story(target, names) {
  const told = [];
  for (const name of names) {
    target.addEventListener(name, ({ detail }) => told.push([name, detail]));
  }
  return told;
}
