import { hashOf } from "./hash.js";

/**
 * A file that comes in. `done` resolves to `{blob, hash, isIntact}`, where `isIntact` is undefined when nobody can tell; it rejects if the
 * file breaks off. `progress` is told how many bytes have come.
 */
export class Incoming {
  name;
  size;
  done;
  progress = () => undefined;

  #chunks = [];
  #received = 0;
  #expected;
  #end = Promise.withResolvers();

  constructor(name, size, hash) {
    this.name = name;
    this.size = size;
    this.done = this.#end.promise;
    this.done.catch(() => undefined); // whoever waits hears of it
    this.#expected = hash;
  }

  /** Take the next bytes; returns whether they are the last. */
  take(bytes) {
    this.#received += bytes.byteLength;
    if (this.#received > this.size) {
      this.fail(new Error("more bytes came than were announced"));
      return true;
    }
    this.#chunks.push(bytes);
    this.progress(this.#received);
    if (this.#received < this.size) {
      return false;
    }
    this.#end.resolve(this.#judge());
    return true;
  }

  fail(error) {
    this.#chunks = [];
    this.#end.reject(error);
  }

  async #judge() {
    // What came from a stranger is a file to keep, never a page to open.
    const blob = new Blob(this.#chunks.splice(0), { type: "application/octet-stream" });
    const hash = await hashOf(blob);
    return { blob, hash, isIntact: hash && this.#expected ? hash === this.#expected : undefined };
  }
}
