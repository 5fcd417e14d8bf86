// What this browser remembers: the conversation, messages that have not arrived, consent, and the access token.
// A browser that refuses storage gets a memory that lasts as long as the page.

const PREFIX = "groundtalk.";
const UNSENT = "unsent.";

class MemoryStorage {
  constructor() {
    this.kept = new Map();
  }
  getItem(key) {
    return this.kept.get(key) ?? null;
  }
  setItem(key, value) {
    this.kept.set(key, value);
  }
  removeItem(key) {
    this.kept.delete(key);
  }
  keys() {
    return [...this.kept.keys()];
  }
}

function storage() {
  try {
    localStorage.setItem(PREFIX + "probe", "1");
    localStorage.removeItem(PREFIX + "probe");
    return localStorage;
  } catch {
    return new MemoryStorage();
  }
}

export class Memory {
  constructor() {
    this.storage = storage();
  }

  get conversation() {
    return this.storage.getItem(PREFIX + "conversation");
  }

  set conversation(id) {
    this.#put("conversation", id);
  }

  /** Whether the bot may learn from this person: true, false, or null where they have not chosen. */
  get consent() {
    return { yes: true, no: false }[this.storage.getItem(PREFIX + "consent")] ?? null;
  }

  set consent(given) {
    this.#put("consent", given ? "yes" : "no");
  }

  /** The token of an access link, `/#token=...`: a fragment is sent to no server and written to no log. */
  get token() {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given) {
      this.#put("token", given);
      history.replaceState(null, "", location.pathname + location.search);
    }
    return this.storage.getItem(PREFIX + "token");
  }

  /** Messages of `conversation` that the server has not accepted, in the order they were written. */
  unsent(conversation) {
    return this.#keys()
      .filter((key) => key.startsWith(PREFIX + UNSENT))
      .map((key) => JSON.parse(this.storage.getItem(key)))
      .filter((message) => message && message.conversation === conversation)
      .sort((one, other) => one.at - other.at);
  }

  keep(message) {
    this.#put(UNSENT + message.id, JSON.stringify(message));
  }

  drop(id) {
    this.#put(UNSENT + id, null);
  }

  #keys() {
    return this.storage instanceof MemoryStorage ? this.storage.keys() : Object.keys(this.storage);
  }

  #put(key, value) {
    try {
      if (value === null) this.storage.removeItem(PREFIX + key);
      else this.storage.setItem(PREFIX + key, value);
    } catch {
      // The storage is full: the page goes on with what it has on screen.
    }
  }
}
