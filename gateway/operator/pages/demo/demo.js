/**
 * The demo: a page that joins a room, and what it does there.
 *
 *     room.js       one stay in one room: signal, mesh, and the talk with each peer
 *     talk.js       words and files through one data channel
 *     incoming.js   a file that comes in
 *     hash.js       the SHA-256 of a file
 *     picture.js    the sequence diagram
 *     tap.js        the frames as they pass
 *     steps.js      what each of them is in the picture
 *     log.js        the talk, as people read it
 *     people.js     who is there
 *     downloads.js  what has come in
 *     names.js      random names
 *     client/       the client for every app: clients/js of the checkout
 */
import { Downloads } from "./downloads.js";
import { Log } from "./log.js";
import { randomName } from "./names.js";
import { People } from "./people.js";
import { ME, Picture } from "./picture.js";
import { Room } from "./room.js";

const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const log = new Log(page.log);
const people = new People(page.people);
const picture = new Picture(page.picture);
const downloads = new Downloads();

let room;

// --- Join and leave ---

/** The room that the address names, as `#room` or `?room=`. */
function roomOfAddress() {
  const { search, hash } = location;
  return new URLSearchParams(`room=${hash.slice(1)}`).get("room") || new URLSearchParams(search).get("room") || "lobby";
}

function join() {
  const name = page.name.value;
  picture.clear();
  try {
    room = new Room(name, page.room.value);
  } catch (error) {
    state({ words: error.message, isBad: true });
    return;
  }
  page.another.href = `#${encodeURIComponent(page.room.value)}`;
  history.replaceState(null, "", page.another.href);
  const on = (event, act) => room.addEventListener(event, ({ detail }) => act(detail));
  on("step", (step) => picture.show(step));
  on("state", state);
  on("peer", peerThere);
  on("gone", peerGone);
  on("talk", ({ peer, talk }) => converse(peer, talk));
  on("fault", ({ peer, error }) => log.tell(`${peer ? `${peer}: ` : ""}${error.message}`, true));
  on("end", ended);
  showPlace();
  room.enter();
}

function ended(how) {
  room = undefined;
  people.clear();
  state(how);
  showPlace();
}

function showPlace() {
  page.name.disabled = page.room.disabled = room !== undefined;
  page.join.textContent = room ? "Leave" : "Join";
  showTalk();
}

function showTalk() {
  const isAlone = !room?.talks.size;
  page.words.disabled = page.say.disabled = page.file.disabled = isAlone;
  page.invitation.hidden = people.size > 0;
}

function state({ words, isBad = false }) {
  page.status.textContent = words;
  page.status.className = isBad ? "bad" : "";
}

function peerThere({ peer, isConnected }) {
  people.set(peer, isConnected);
  showTalk();
}

function peerGone({ peer }) {
  if (people.delete(peer)) {
    log.tell(`${peer} has left.`);
  }
  showTalk();
}

// --- Talk ---

function converse(peer, talk) {
  log.tell(`Connected to ${peer}, with no server in between.`);
  const here = room;
  talk.addEventListener("words", ({ detail: { words } }) => {
    log.say(peer, words);
    here.direct("chat", peer, ME);
  });
  talk.addEventListener("file", ({ detail: { incoming } }) => {
    here.direct("file", peer, ME);
    receive(peer, incoming);
  });
  talk.addEventListener("fault", ({ detail: { error } }) => log.tell(`${peer}: ${error.message}`, true));
}

function say(words) {
  log.say("you", words, true);
  for (const [peer, talk] of room.talks) {
    talk.say(words);
    room.direct("chat", ME, peer);
  }
}

async function send(peer, talk, file) {
  const entry = log.file(`${file.name} to ${peer}`, file.size);
  try {
    room.direct("file", ME, peer);
    const { isIntact, hash } = await talk.sendFile(file, entry.progress);
    entry.end(judged(isIntact), { isBad: isIntact === false, hash });
  } catch (error) {
    entry.end(error.message, { isBad: true });
  }
}

async function receive(peer, incoming) {
  const entry = log.file(`${incoming.name} from ${peer}`, incoming.size);
  incoming.progress = entry.progress;
  try {
    const { blob, hash, isIntact } = await incoming.done;
    entry.end(judged(isIntact), { isBad: isIntact === false, hash, link: downloads.link(incoming.name, blob) });
  } catch (error) {
    entry.end(error.message, { isBad: true });
  }
}

function judged(isIntact) {
  if (isIntact === undefined) {
    return "arrived; this browser, or the other one, could not compare it";
  }
  return isIntact ? "arrived intact, both ends have the same SHA-256" : "damaged on the way, or refused";
}

// --- What people do ---

page.place.addEventListener("submit", (event) => {
  event.preventDefault();
  if (room) {
    room.leave();
  } else {
    join();
  }
});

page.chat.addEventListener("submit", (event) => {
  event.preventDefault();
  say(page.words.value);
  page.words.value = "";
});

page.file.addEventListener("change", () => {
  const [file] = page.file.files;
  for (const [peer, talk] of file ? room.talks : []) {
    send(peer, talk, file);
  }
  page.file.value = "";
});

addEventListener("hashchange", () => location.reload());
addEventListener("pagehide", () => room?.leave());
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

page.room.value = roomOfAddress();
page.name.value = randomName();
join();
