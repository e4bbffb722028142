const SVG = "http://www.w3.org/2000/svg";

/** Rows that are kept; the oldest make way. */
const MOST_STEPS = 24;
/** Lanes of others, where the page is so wide; the last is for all the rest. */
const MOST_OTHERS = 4;
/** Width of a lane into which a label goes. */
const LANE = 90;

const HEAD = 30;
const ROW = 30;
const GUTTER = 46;
const TIP = 8;
/** How far a line that goes straight to a peer steps over the server's lane. */
const BRIDGE = 9;

/** The most that a letter of a name takes, nearly: names are cut to their lanes. */
const LETTER = 9;

/** The ends of a step that are not others. */
export const ME = Symbol("you");
export const SERVER = Symbol("server");

/**
 * What passes between you, the server and the others, as a sequence diagram that grows downwards. A step is `{name, from, to}`, with `ME`,
 * `SERVER` or the id of a peer at each end; `detail`, for its label; `about`, a peer that it tells of; `kind`: `relayed`, which is the
 * default, `direct` or `bad`. Ids are other people's text: they are set as text alone.
 */
export class Picture {
  #place;
  #steps = [];
  #others = [];
  #width = 0;
  #begun;

  constructor(place) {
    this.#place = place;
    new ResizeObserver(() => this.#resized()).observe(place);
  }

  /** Show a step; a repeated one is counted on the row it has already. */
  show(step) {
    const now = performance.now();
    this.#begun ??= now;
    const last = this.#steps.at(-1);
    if (last && ["name", "from", "to", "detail"].every((key) => last[key] === step[key])) {
      last.times += 1;
    } else {
      this.#steps = [...this.#steps, { ...step, times: 1, ms: Math.round(now - this.#begun) }].slice(-MOST_STEPS);
    }
    this.#others = [...new Set(this.#steps.flatMap(({ from, to, about }) => [from, to, about]))].filter((end) => typeof end === "string");
    this.#draw();
  }

  clear() {
    this.#steps = [];
    this.#others = [];
    this.#begun = undefined;
    this.#draw();
  }

  #resized() {
    if (this.#place.clientWidth !== this.#width) {
      this.#width = this.#place.clientWidth;
      this.#draw();
    }
  }

  #draw() {
    const height = HEAD + ROW * (this.#steps.length + 1);
    const picture = element("svg", { width: this.#width, height, role: "list", "aria-label": "What passes, in order" });
    this.#heads().forEach((name, lane) => {
      const x = this.#x(lane);
      picture.append(
        element("line", { class: "lane", x1: x, x2: x, y1: HEAD, y2: height, "aria-hidden": true }),
        element("text", { class: "head", x, y: 18, "aria-hidden": true }, this.#cut(name)),
      );
    });
    this.#steps.forEach((step, row) => picture.append(this.#row(step, HEAD + ROW * (row + 1))));
    this.#place.replaceChildren(picture);
  }

  get #mostOthers() {
    return Math.max(1, Math.min(MOST_OTHERS, Math.floor(this.#width / LANE) - 2));
  }

  #heads() {
    const shown = this.#others.slice(0, this.#mostOthers);
    if (this.#others.length > shown.length) {
      shown[shown.length - 1] = "others";
    }
    return ["you", "server", ...(shown.length ? shown : ["nobody yet"])];
  }

  #row({ name, from, to, detail, kind = "relayed", times, ms }, y) {
    const label = [name, detail, times > 1 && `×${times}`].filter(Boolean).join(" ");
    const [start, end] = [this.#x(this.#lane(from)), this.#x(this.#lane(to))];
    const isMutual = name === "connected";
    const bridge = kind === "direct" && this.#x(1);
    const row = element("g", { class: kind, role: "listitem", "data-step": name, "data-times": times });
    row.setAttribute("aria-label", `${label}, from ${called(from)} to ${called(to)}`);
    row.append(
      element("text", { class: "label", x: this.#middle(start, end), y: y - 7 }, label),
      element("text", { class: "time", x: 0, y: y + 4 }, ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`),
      element("path", { class: "way", d: way(start + (isMutual && Math.sign(end - start) * TIP), end, y, bridge) }),
      element("path", { class: "tip", d: tip(end, y, Math.sign(end - start)) }),
    );
    if (kind === "relayed" && ![from, to].includes(SERVER)) {
      row.append(element("circle", { class: "tip", cx: this.#x(1), cy: y, r: 4 }));
    }
    if (isMutual) {
      row.append(element("path", { class: "tip", d: tip(start, y, Math.sign(start - end)) }));
    }
    return row;
  }

  /** Where a label stands: between two lanes, so that none runs through it. */
  #middle(start, end) {
    const isOverServer = Math.abs(end - start) > 1.5 * (this.#x(1) - this.#x(0));
    return isOverServer ? (this.#x(1) + this.#x(2)) / 2 : (start + end) / 2;
  }

  #lane(end) {
    return end === ME ? 0 : end === SERVER ? 1 : 2 + Math.min(this.#others.indexOf(end), this.#mostOthers - 1);
  }

  #x(lane) {
    const lanes = this.#heads().length;
    return GUTTER + ((this.#width - GUTTER) * (lane + 0.5)) / lanes;
  }

  #cut(name) {
    const most = Math.max(3, Math.floor((this.#width - GUTTER) / this.#heads().length / LETTER));
    const letters = [...name];
    return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : name;
  }
}

function called(end) {
  return typeof end === "symbol" ? end.description : end;
}

/** The line of a step; it steps over the lane at `bridge`, if there is one. */
function way(start, end, y, bridge) {
  const ahead = Math.sign(end - start);
  const over = bridge && `H ${bridge - ahead * BRIDGE} a ${BRIDGE} ${BRIDGE} 0 0 ${ahead > 0 ? 1 : 0} ${2 * ahead * BRIDGE} 0`;
  return `M ${start} ${y} ${over || ""} H ${end - ahead * TIP}`;
}

function tip(x, y, ahead) {
  return `M ${x} ${y} l ${-ahead * (TIP + 2)} -5 v 10 z`;
}

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}
