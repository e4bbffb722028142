/** Entries that are kept; the oldest make way. */
const MOST_ENTRIES = 200;

/** The talk, as a list that grows downwards. Everything in it is other people's text: it is set as text alone. */
export class Log {
  #list;

  constructor(list) {
    this.#list = list;
  }

  /** Somebody says something. */
  say(who, words, isMine = false) {
    const entry = document.createElement("li");
    entry.className = isMine ? "mine" : "theirs";
    const name = document.createElement("b");
    name.textContent = who;
    entry.append(name, words);
    this.#add(entry);
  }

  /** Something has happened. */
  tell(words, isBad = false) {
    const entry = document.createElement("li");
    entry.className = isBad ? "bad" : "news";
    entry.textContent = words;
    this.#add(entry);
  }

  /** A file is on its way: `progress` is told how many bytes have passed, `end` how it ended. */
  file(title, size) {
    const entry = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = `${title}, ${sized(size)}`;
    const bar = document.createElement("progress");
    bar.max = size || 1;
    bar.value = 0;
    bar.setAttribute("aria-label", title);
    entry.append(words, bar);
    this.#add(entry);
    return {
      progress: (bytes) => (bar.value = bytes),
      end: (outcome, { isBad = false, hash, link } = {}) => {
        bar.remove();
        words.textContent = `${title}, ${sized(size)}: ${outcome}`;
        entry.className = isBad ? "bad" : "done";
        entry.append(...(link ? [" ", link] : []), ...(hash ? [code(`SHA-256 ${hash}`)] : []));
        this.#scroll();
      },
    };
  }

  #add(entry) {
    this.#list.append(entry);
    if (this.#list.childElementCount > MOST_ENTRIES) {
      this.#list.firstElementChild.remove();
    }
    this.#scroll();
  }

  #scroll() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}

export function sized(bytes) {
  const [unit, name] = bytes < 1_000_000 ? [1_000, "kB"] : [1_000_000, "MB"];
  return bytes < 1_000 ? `${bytes} bytes` : `${(bytes / unit).toFixed(1)} ${name}`;
}

function code(text) {
  const made = document.createElement("code");
  made.textContent = text;
  return made;
}
