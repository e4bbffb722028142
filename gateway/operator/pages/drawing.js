/** Drawings in SVG: the course of a figure, and a group as a graph. Text goes in as text, whatever it holds. */

const SVG = "http://www.w3.org/2000/svg";
const SECONDS = 120;
const MIDDLE = { x: 260, y: 200 };
const RADIUS = 140;
const RADIUS_TILTED = 105;
const MOST_LEVEL = 8;
const DOT = 7;
const BESIDE = DOT + 6;

/** Beyond it lines that say nothing would hide those that say something. */
const MOST_WITH_NOTHING = 12;

export function svg(name, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  element.textContent = text;
  return element;
}

/** The last two minutes of one figure. */
export class Chart {
  #values = [];
  #line = svg("polyline");

  constructor() {
    this.element = svg("svg", { class: "chart", viewBox: `0 0 ${SECONDS} 32`, preserveAspectRatio: "none", "aria-hidden": "true" });
    this.element.append(this.#line);
  }

  add(value) {
    this.#values.push(value ?? 0);
    if (this.#values.length > SECONDS) {
      this.#values.shift();
    }
    const top = Math.max(1, ...this.#values);
    const left = SECONDS - this.#values.length;
    this.#line.setAttribute("points", this.#values.map((each, index) => `${left + index},${30 - (28 * each) / top}`).join(" "));
  }
}

/** Peers on a circle in the order of the list, and a line for each pair in the colour of how far it got. */
export function drawGraph(graph, peers, links) {
  const places = new Map(peers.map(({ peer }, index) => [peer, place(index, peers.length)]));
  const states = new Map(links.map(({ a, b, state }) => [JSON.stringify([a, b]), state]));
  const lines = [];
  peers.forEach(({ peer: a }, index) => {
    for (const { peer: b } of peers.slice(index + 1)) {
      const state = states.get(JSON.stringify([a, b])) ?? states.get(JSON.stringify([b, a])) ?? "none";
      if (state !== "none" || peers.length <= MOST_WITH_NOTHING) {
        lines.push(line(places.get(a), places.get(b), state, `${a} and ${b}: ${state}`));
      }
    }
  });
  graph.replaceChildren(...lines, ...peers.map((peer) => dot(peer, places.get(peer.peer))));
}

function place(index, count) {
  const angle = (2 * Math.PI * index) / count - Math.PI / 2;
  const radius = count === 1 ? 0 : count > MOST_LEVEL ? RADIUS_TILTED : RADIUS;
  return { x: MIDDLE.x + radius * Math.cos(angle), y: MIDDLE.y + radius * Math.sin(angle), angle, tilted: count > MOST_LEVEL };
}

function line(from, to, state, title) {
  const element = svg("line", { class: state, x1: from.x, y1: from.y, x2: to.x, y2: to.y });
  element.append(svg("title", {}, title));
  return element;
}

function dot({ peer, away }, at) {
  const group = svg("g", { class: away ? "away" : "there" });
  group.append(svg("circle", { cx: at.x, cy: at.y, r: DOT }), svg("text", beside(at), clip(peer, at.tilted ? 11 : 13)), svg("title", {}, peer));
  return group;
}

/** Where a name goes: level while there is room, else outwards like a ray, and never upside down. */
function beside({ x, y, angle, tilted }) {
  const isLeft = x < MIDDLE.x - 1;
  if (tilted) {
    const turn = (angle * 180) / Math.PI + (isLeft ? 180 : 0);
    return { x: isLeft ? -BESIDE : BESIDE, y: 5, "text-anchor": isLeft ? "end" : "start", transform: `translate(${x} ${y}) rotate(${turn})` };
  }
  if (Math.abs(x - MIDDLE.x) < 1) {
    return { x, y: y + (y > MIDDLE.y ? 26 : -14), "text-anchor": "middle" };
  }
  return { x: x + (isLeft ? -BESIDE : BESIDE), y: y + 5, "text-anchor": isLeft ? "end" : "start" };
}

/** As much of a name as fits beside its dot. By characters, not code units: half an emoji is none. */
function clip(name, most) {
  const characters = [...name];
  return characters.length <= most ? name : `${characters.slice(0, most - 1).join("")}…`;
}
