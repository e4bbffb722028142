const KINDS = [
  "amber", "brave", "calm", "clever", "early", "gentle", "jolly", "keen",
  "lucky", "merry", "nimble", "proud", "quiet", "swift", "warm", "wise",
];
const BEASTS = [
  "badger", "crane", "dolphin", "falcon", "finch", "fox", "hare", "heron",
  "lynx", "marten", "otter", "owl", "raven", "seal", "stork", "wren",
];

/** A name that people can read and tell apart: one of 25,600, so that two tabs of a room hardly ever have the same. */
export function randomName() {
  const [kind, beast, number] = crypto.getRandomValues(new Uint32Array(3));
  return `${KINDS[kind % KINDS.length]}-${BEASTS[beast % BEASTS.length]}-${number % 100}`;
}
