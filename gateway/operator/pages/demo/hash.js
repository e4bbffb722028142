const HASHES = new WeakMap();

/**
 * The SHA-256 of a Blob in hexadecimal; undefined where a browser does not compute one: on a page that came by http from another machine.
 * A file that goes to several peers is read for it once: it is in memory as a whole meanwhile.
 */
export async function hashOf(blob) {
  if (!HASHES.has(blob)) {
    HASHES.set(blob, compute(blob));
  }
  return HASHES.get(blob);
}

async function compute(blob) {
  if (!crypto.subtle) {
    return undefined;
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
