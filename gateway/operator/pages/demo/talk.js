import { hashOf } from "./hash.js";
import { Incoming } from "./incoming.js";

/** Bytes of the largest file: the receiver keeps it in memory. */
export const MOST_BYTES = 256_000_000;

/** Characters of the longest message. */
const MOST_WORDS = 2_000;

/** Bytes that go into the channel at once. Every browser takes so many (RFC 8831 section 6.6). */
const CHUNK_BYTES = 16_384;
/** Bytes that may wait in the channel; once fewer than half of them do, more follow. */
const MOST_WAITING = 1_048_576;

/**
 * What passes through one data channel. Text is JSON: `{words}`, `{file: {name, size, hash}}`, whose bytes follow, and the answer to that,
 * `{received: {isIntact}}`. Whoever is at the other end may send anything: what cannot be taken is left. Events:
 *
 *     words  {words}     the other says something
 *     file   {incoming}  a file begins to come in
 *     fault  {error}     what came cannot be taken
 */
export class Talk extends EventTarget {
  #channel;
  #incoming;
  #files = Promise.resolve(); // one after the other
  #confirmed;

  constructor(channel) {
    super();
    this.#channel = channel;
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = MOST_WAITING / 2;
    channel.addEventListener("message", ({ data }) => this.#take(data));
    channel.addEventListener("close", () => this.#closed());
  }

  say(words) {
    this.#send({ words });
  }

  /**
   * Send a file after those that are on their way. `progress` is told how many bytes have gone into the channel. Resolves to whether it has
   * arrived as it was sent; undefined when nobody can tell.
   *
   * @throws Error it is too large, cannot be read, or the channel has closed
   */
  async sendFile(file, progress) {
    demandSize(file.size);
    const sent = this.#files.then(() => this.#sendFile(file, progress));
    this.#files = sent.catch(() => undefined); // whoever sends it hears of that
    return sent;
  }

  async #sendFile(file, progress) {
    const hash = await hashOf(file);
    const confirmed = Promise.withResolvers();
    confirmed.promise.catch(() => undefined); // a channel that closes before all is sent fails below
    this.#confirmed = confirmed;
    this.#send({ file: { name: file.name, size: file.size, hash } });
    for (let sent = 0; sent < file.size; sent += CHUNK_BYTES) {
      await this.#room();
      this.#channel.send(await file.slice(sent, sent + CHUNK_BYTES).arrayBuffer());
      progress(Math.min(sent + CHUNK_BYTES, file.size));
    }
    return { isIntact: await confirmed.promise, hash };
  }

  /** Wait until the channel has room for more. */
  async #room() {
    const channel = this.#channel;
    if (channel.bufferedAmount >= MOST_WAITING) {
      const { promise, resolve } = Promise.withResolvers();
      channel.addEventListener("bufferedamountlow", resolve, { once: true });
      channel.addEventListener("close", resolve, { once: true });
      await promise;
    }
  }

  #send(message) {
    this.#channel.send(JSON.stringify(message));
  }

  // --- What the other says ---

  #take(data) {
    try {
      if (typeof data !== "string") {
        this.#takeBytes(data);
      } else if (data !== "") {
        this.#takeMessage(JSON.parse(data));
      } // else it is the greeting of a mesh
    } catch (error) {
      this.#tell("fault", { error });
    }
  }

  #takeMessage({ words, file, received }) {
    if (typeof words === "string") {
      this.#tell("words", { words: words.slice(0, MOST_WORDS) });
    } else if (file) {
      this.#begin(file);
    } else if (received) {
      this.#confirmed?.resolve(received.isIntact);
    }
  }

  #begin({ name, size, hash }) {
    if (!isAllowed(size)) {
      this.#confirm(false);
    }
    demandSize(size);
    this.#incoming?.fail(new Error("another file came before its end"));
    this.#incoming = new Incoming(String(name).slice(0, 255), size, hash);
    this.#tell("file", { incoming: this.#incoming });
    this.#takeBytes(new ArrayBuffer(0));
  }

  #takeBytes(bytes) {
    const incoming = this.#incoming;
    if (incoming?.take(bytes)) {
      this.#incoming = undefined;
      incoming.done.then(
        ({ isIntact }) => this.#confirm(isIntact),
        () => this.#confirm(false),
      );
    }
  }

  #confirm(isIntact) {
    if (this.#channel.readyState === "open") {
      this.#send({ received: { isIntact } });
    }
  }

  #closed() {
    const error = new Error("the connection ended before it was through");
    this.#incoming?.fail(error);
    this.#confirmed?.reject(error);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function isAllowed(size) {
  return Number.isSafeInteger(size) && size >= 0 && size <= MOST_BYTES;
}

function demandSize(size) {
  if (!isAllowed(size)) {
    throw new Error(`a file of ${Math.ceil(size / 1e6)} MB: at most ${MOST_BYTES / 1e6} MB can be sent`);
  }
}
