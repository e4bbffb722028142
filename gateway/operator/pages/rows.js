/** A table whose rows stay what they are while what is in them changes: whoever stands on a button of one keeps standing there. */

/** `columns` are `{head, number, text(entry), link(entry), button: {says, label(entry), press(entry)}}`; `key` is the name of an entry. */
export class Rows {
  #columns;
  #key;
  #body;
  #rows = new Map();

  constructor(heads, body, key, columns) {
    this.#columns = columns;
    this.#key = key;
    this.#body = body;
    heads.replaceChildren(...columns.map(({ head, number }) => cell("th", head, number)));
    body.replaceChildren();
  }

  /** Show these, in this order. */
  show(entries) {
    const shown = new Set(entries.map((entry) => entry[this.#key]));
    for (const [key, { row }] of this.#rows) {
      if (!shown.has(key)) {
        row.remove();
        this.#rows.delete(key);
      }
    }
    entries.forEach((entry, index) => {
      const { row } = this.#row(entry);
      if (this.#body.children[index] !== row) {
        this.#body.insertBefore(row, this.#body.children[index] ?? null);
      }
    });
    this.refresh();
  }

  /** Write anew what changes by itself. */
  refresh() {
    for (const { row, entry, texts } of this.#rows.values()) {
      row.className = entry.away ? "away" : "";
      this.#columns.forEach(({ text }, index) => {
        if (text !== undefined && texts[index].textContent !== text(entry)) {
          texts[index].textContent = text(entry);
        }
      });
    }
  }

  #row(entry) {
    const key = entry[this.#key];
    const known = this.#rows.get(key) ?? this.#make(entry);
    known.entry = entry;
    this.#rows.set(key, known);
    return known;
  }

  #make(entry) {
    const made = { row: document.createElement("tr"), entry, texts: [] };
    for (const { head, number, link, button } of this.#columns) {
      const td = cell("td", "", number);
      td.dataset.head = head;
      const inner = link || button ? document.createElement(link ? "a" : "button") : td;
      if (link) {
        inner.href = link(entry);
      }
      if (button) {
        inner.type = "button";
        inner.className = "danger";
        inner.textContent = button.says;
        inner.setAttribute("aria-label", button.label(entry));
        inner.addEventListener("click", () => button.press(made.entry));
      }
      if (inner !== td) {
        td.append(inner);
      }
      made.texts.push(inner);
      made.row.append(td);
    }
    return made;
  }
}

function cell(name, text, number) {
  const element = document.createElement(name);
  element.textContent = text;
  element.className = number ? "number" : "";
  return element;
}
