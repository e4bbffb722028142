/** What the server tells as it happens. EventSource sends no Authorization header: the stream is read from a fetch. */

/** Without a word for so long, the connection is taken for lost. The server tells something every second, unless it has too much to do. */
const SILENCE_MS = 20_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** Server-sent events as this server writes them: `event` and `data`, one line each, then an empty line. */
export async function* events(body) {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + text).split("\n\n");
    rest = whole.pop();
    for (const event of whole) {
      const lines = event.split("\n").map((line) => line.split(/: (.*)/s));
      const { event: name, data } = Object.fromEntries(lines);
      yield { name, data: JSON.parse(data) };
    }
  }
}

/**
 * One stream, opened again when it breaks, and not while the page is hidden: somebody else may need its place.
 * `open(query, signal)` is asked for the answer to a fetch; `hear(name, data)` gets the events, `changed(live, says)` the state.
 */
export class Stream {
  #open;
  #hear;
  #changed;
  #query = "";
  #running = new AbortController();

  constructor({ open, hear, changed }) {
    this.#open = open;
    this.#hear = hear;
    this.#changed = changed;
    document.addEventListener("visibilitychange", () => this.look(this.#query));
  }

  /** Tell of this from now on. */
  look(query) {
    this.#query = query;
    this.#running.abort();
    this.#running = new AbortController();
    if (!document.hidden) {
      this.#run(query, this.#running.signal);
    }
  }

  async #run(query, ended) {
    let wait = FIRST_WAIT_MS;
    while (!ended.aborted) {
      let says = "the connection has ended";
      try {
        for await (const { name, data } of this.#events(query, ended)) {
          if (ended.aborted) {
            return;
          }
          wait = FIRST_WAIT_MS;
          this.#changed(true, "");
          this.#hear(name, data);
        }
      } catch (error) {
        says = error.message;
      }
      if (!ended.aborted) {
        this.#changed(false, says);
        await new Promise((over) => setTimeout(over, wait * (0.5 + Math.random() / 2)));
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      }
    }
  }

  async *#events(query, ended) {
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(new Error("the server is silent")), SILENCE_MS);
    try {
      const answer = await this.#open(query, AbortSignal.any([ended, silent.signal]));
      for await (const event of events(answer.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(new Error("the server is silent")), SILENCE_MS);
        yield event;
      }
    } finally {
      clearTimeout(timer);
      silent.abort();
    }
  }
}
