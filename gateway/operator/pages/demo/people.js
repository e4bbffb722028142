/** The others in the room, as a list: who is there, and with whom there is a channel. */
export class People {
  #list;
  #entries = new Map();

  constructor(list) {
    this.#list = list;
  }

  /** Show a peer; `isConnected`: whether there is a channel. */
  set(peer, isConnected) {
    const entry = this.#entries.get(peer) ?? document.createElement("li");
    entry.className = isConnected ? "connected" : "";
    entry.textContent = `${peer}: ${isConnected ? "connected" : "connecting"}`;
    this.#entries.set(peer, entry);
    this.#list.append(entry);
  }

  /** Returns whether the peer was there. */
  delete(peer) {
    this.#entries.get(peer)?.remove();
    return this.#entries.delete(peer);
  }

  clear() {
    this.#entries.clear();
    this.#list.replaceChildren();
  }

  get size() {
    return this.#entries.size;
  }
}
