/** The operator's API, below this page's own address, with the token that is asked for when one is needed. */

const KEY = "psync-operator-token";

/** `ask(wrong)` resolves to a token; `wrong` says whether the one before was refused. */
export class Api {
  #ask;
  #asking = null;

  constructor(ask) {
    this.#ask = ask;
  }

  /** The answer to a call. Throws what the server says is wrong. */
  async call(path, { method = "GET", signal } = {}) {
    for (;;) {
      const token = sessionStorage.getItem(KEY);
      const headers = { "Content-Type": "application/json", ...(token === null ? {} : { Authorization: `Bearer ${token}` }) };
      const answer = await fetch(`api/v1/${path}`, { method, headers, signal, cache: "no-store" });
      if (answer.ok) {
        return answer;
      }
      if (answer.status !== 401) {
        throw new Error(await fault(answer));
      }
      await this.#renew(token);
    }
  }

  /** One question at a time, however many calls were refused. */
  async #renew(refused) {
    if (sessionStorage.getItem(KEY) !== refused) {
      return;
    }
    this.#asking ??= this.#ask(refused !== null).finally(() => {
      this.#asking = null;
    });
    sessionStorage.setItem(KEY, await this.#asking);
  }
}

async function fault(answer) {
  try {
    return (await answer.json()).error.message;
  } catch {
    return `the server answered ${answer.status}`; // a proxy's page
  }
}
