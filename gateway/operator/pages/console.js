/**
 * The operator's console. One stream tells of the figures and of the one list that is looked at; the place, in the address behind `#`, says
 * which. The names of peers and groups are written by strangers: they become text, and parts of addresses that are encoded, nothing else.
 */

import { Api } from "./api.js";
import { Chart, drawGraph } from "./drawing.js";
import { Rows } from "./rows.js";
import { Stream } from "./stream.js";

const at = (id) => document.getElementById(id);
const numbers = new Intl.NumberFormat("en");
const TYPING_MS = 250;
const PLACE = ["tenant", "group", "after", "search"];

const FIGURES = [
  { name: "connections", label: "Connections", unit: (told) => `of ${numbers.format(told.connections_limit)}` },
  { name: "peers", label: "Peers" },
  { name: "groups", label: "Groups" },
  { name: "relays", label: "Relays", unit: () => "/ s" },
  { name: "errors", label: "Errors", unit: () => "/ s" },
  { name: "hub_lag_p99_ms", label: "Hub lag, p99", unit: () => "ms" },
  { name: "outbox_bytes", label: "Outboxes", unit: () => "bytes" },
];

let place = {};
let rows = null;
let now = 0;
let typing = 0;

// --- Questions ---

function choose(question, verb) {
  const dialog = at("confirm");
  at("question").textContent = question;
  at("yes").textContent = verb;
  dialog.showModal();
  // Not by `close`: that comes later, and may find the next question open.
  return new Promise((chosen) => {
    const answered = new AbortController();
    const answer = (yes) => {
      answered.abort();
      chosen(yes);
    };
    dialog.addEventListener("submit", (event) => answer(event.submitter.value === "yes"), { signal: answered.signal });
    dialog.addEventListener("cancel", () => answer(false), { signal: answered.signal });
  });
}

function askToken(wrong) {
  const dialog = at("ask");
  at("wrong").textContent = wrong ? "That was not the token." : "";
  at("token").value = "";
  dialog.oncancel = (event) => event.preventDefault(); // without a token there is nothing to see
  dialog.showModal();
  return new Promise((given) => dialog.addEventListener("close", () => given(at("token").value), { once: true }));
}

const api = new Api(askToken);

async function act(question, verb, path, method) {
  if (!(await choose(question, verb))) {
    return;
  }
  try {
    await api.call(path, { method });
    at("says").textContent = `${verb}: done`;
  } catch (error) {
    at("says").textContent = `${verb}: ${error.message}`;
  }
}

// --- Where one is ---

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(PLACE.map((name) => [name, given.get(name) ?? ""]));
}

function query(of) {
  return new URLSearchParams(Object.entries(of).filter(([, value]) => value !== "")).toString();
}

const linkTo = (of) => `#${query(of)}`;

function groupPath() {
  return `tenants/${encodeURIComponent(place.tenant)}/groups/${encodeURIComponent(place.group)}`;
}

function go() {
  const before = place;
  place = read();
  if (rows === null || before.tenant !== place.tenant || before.group !== place.group) {
    rows = new Rows(at("heads"), at("rows"), ...columns());
    at("explained").textContent = "";
    at("empty").hidden = true;
    drawLinks([], []);
    showPath();
  }
  if (at("search").value !== place.search && document.activeElement !== at("search")) {
    at("search").value = place.search;
  }
  at("remove").hidden = at("links").hidden = place.group === "";
  stream.look(query(place));
}

function showPath() {
  const { tenant, group } = place;
  const steps = [["Tenants", {}], ...(tenant ? [[named(tenant), { tenant }]] : []), ...(group ? [[group, { tenant, group }]] : [])];
  const shown = steps.map(([text, of], index) => {
    const step = document.createElement(index === steps.length - 1 ? "span" : "a");
    step.textContent = text;
    if (index < steps.length - 1) {
      step.href = linkTo(of);
    } else {
      step.setAttribute("aria-current", "page");
    }
    return index === 0 ? [step] : [" / ", step];
  });
  at("path").replaceChildren(...shown.flat());
  at("search").placeholder = `Search ${group ? "peers" : tenant ? "groups" : "tenants"}`;
}

/** The default tenant has no name of its own. */
function named(tenant) {
  return tenant === "-" ? "- (default)" : tenant;
}

function search() {
  clearTimeout(typing);
  typing = setTimeout(() => {
    const { tenant, group } = place;
    history.replaceState(null, "", linkTo({ tenant, group, search: at("search").value }));
    go();
  }, TYPING_MS);
}

// --- Lists ---

function columns() {
  if (place.group) {
    return ["peer", PEER_COLUMNS];
  }
  const counts = [{ head: "Peers", number: true, text: ({ peers }) => numbers.format(peers) }];
  if (place.tenant) {
    const link = ({ group }) => linkTo({ tenant: place.tenant, group });
    return ["group", [{ head: "Group", text: ({ group }) => group, link }, ...counts]];
  }
  const more = ["connections", "groups"].map((name) => ({
    head: name[0].toUpperCase() + name.slice(1),
    number: true,
    text: (entry) => numbers.format(entry[name]),
  }));
  return ["tenant", [{ head: "Tenant", text: ({ tenant }) => named(tenant), link: ({ tenant }) => linkTo({ tenant }) }, ...more, ...counts]];
}

const PEER_COLUMNS = [
  { head: "Peer", text: ({ peer, away }) => (away ? `${peer} (away)` : peer) },
  { head: "Address", text: ({ address }) => address },
  { head: "Profile", text: ({ profile, format }) => (profile ? `${profile} ${format}` : "not connected") },
  { head: "Age", number: true, text: ({ joined_s }) => time(now - joined_s) },
  { head: "Heard", number: true, text: ({ heard_s }) => `${time(now - heard_s)} ago` },
  { head: "Outbox", number: true, text: ({ outbox_bytes }) => `${numbers.format(outbox_bytes ?? 0)} B` },
  { head: "", button: { says: "Kick…", label: ({ peer }) => `Kick ${peer}`, press: ({ peer }) => kick(peer) } },
];

function time(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const units = [[86_400, "d"], [3600, "h"], [60, "min"]];
  const [size, unit] = units.find(([least]) => whole >= 2 * least) ?? [1, "s"];
  return `${Math.floor(whole / size)} ${unit}`;
}

function showList(name, list) {
  const entries = list[name];
  rows.show(entries);
  at("empty").hidden = entries.length > 0;
  at("empty").textContent = list.gone ? "There is no such place on this node (any more)." : `No ${name}${place.search ? " of that name" : ""}.`;
  at("first").hidden = place.after === "";
  at("first").href = linkTo({ ...place, after: "" });
  at("next").hidden = list.next === null;
  at("next").href = linkTo({ ...place, after: list.next ?? "" });
  if (name === "peers") {
    drawLinks(entries, list.links);
  }
}

function drawLinks(peers, links) {
  drawGraph(at("graph"), peers, links);
  const pairs = at("pairs");
  const known = new Map([...pairs.children].map((item) => [item.dataset.pair, item]));
  const items = links.map((link) => {
    const pair = JSON.stringify([link.a, link.b]);
    const item = known.get(pair) ?? pairItem(pair, link);
    item.firstChild.className = link.state;
    item.firstChild.textContent = `${link.a} and ${link.b}: ${link.state}`;
    return item;
  });
  if (items.length !== pairs.children.length || items.some((item, index) => item !== pairs.children[index])) {
    pairs.replaceChildren(...items);
  }
}

function pairItem(pair, { a, b }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  item.dataset.pair = pair;
  button.type = "button";
  button.addEventListener("click", () => explain(a, b));
  item.append(button);
  return item;
}

async function explain(a, b) {
  try {
    const answer = await api.call(`${groupPath()}/explain?${new URLSearchParams({ a, b })}`);
    at("explained").textContent = (await answer.json()).says;
  } catch (error) {
    at("explained").textContent = error.message;
  }
}

// --- What is done ---

function kick(peer) {
  act(`Close the connection of ${peer}? Its client is told not to come back by itself.`, "Kick", `${groupPath()}/peers/${encodeURIComponent(peer)}`, "DELETE");
}

function removeAll() {
  act(`Close the connections of all peers of ${place.group}?`, "Remove all", groupPath(), "DELETE");
}

function drain() {
  act("Drain this node? It takes nobody in any more, says goodbye to everyone, and ends.", "Drain", "drain", "POST");
}

// --- Figures ---

const cards = FIGURES.map(({ label, unit, name }) => {
  const card = document.createElement("div");
  const term = document.createElement("dt");
  const value = document.createElement("dd");
  const number = document.createElement("span");
  const small = document.createElement("small");
  const chart = new Chart();
  term.textContent = label;
  value.id = `figure-${name}`;
  value.append(number, " ", small);
  card.append(term, value, chart.element);
  at("figures").append(card);
  return { name, unit, number, small, chart };
});

function showFigures(told) {
  now = told.at_ms / 1000;
  for (const { name, unit, number, small, chart } of cards) {
    number.textContent = told[name] === null ? "–" : numbers.format(told[name]);
    small.textContent = unit?.(told) ?? "";
    chart.add(told[name]);
  }
  at("state").textContent = told.status;
  at("state").classList.toggle("live", told.status === "accepting");
  at("drain").disabled = told.status !== "accepting";
  rows.refresh();
}

const stream = new Stream({
  open: (of, signal) => api.call(`events?${of}`, { signal }),
  hear: (name, data) => {
    if (name === "figures") {
      showFigures(data);
    } else if (name === "fault") {
      at("says").textContent = data.message;
    } else {
      showList(name, data);
    }
  },
  changed: (live, says) => {
    if (!live) {
      at("state").textContent = "reconnecting";
      at("state").classList.remove("live");
      at("says").textContent = says;
      at("says").dataset.from = "stream";
    } else if (at("says").dataset.from === "stream") {
      at("says").textContent = "";
      delete at("says").dataset.from;
    }
  },
});

at("search").addEventListener("input", search);
at("remove").addEventListener("click", removeAll);
at("drain").addEventListener("click", drain);
addEventListener("hashchange", go);
go();
