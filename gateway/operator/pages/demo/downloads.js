/** Files that are kept for download: each may take 256 MB of memory. */
const MOST_FILES = 4;

/** Links to files that have come in. The oldest make way, and say so. */
export class Downloads {
  #links = [];

  link(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.textContent = "Download";
    this.#links.push(link);
    if (this.#links.length > MOST_FILES) {
      drop(this.#links.shift());
    }
    return link;
  }
}

function drop(link) {
  URL.revokeObjectURL(link.href);
  link.removeAttribute("href");
  link.textContent = "(made way for newer files)";
}
