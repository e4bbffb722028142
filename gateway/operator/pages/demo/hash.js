/** The SHA-256 of a Blob in hexadecimal; undefined where a browser does not compute one: on a page by http from another machine. */
export async function hashOf(blob) {
  if (!crypto.subtle) {
    return undefined;
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
