// The websocket: says hello, comes back by itself with growing pauses, and notices when the connection is dead.
// Knows frames as objects with a type; what they say is for others to show.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const SILENCE = 6_000; // how long an answer to hello may take, and how long a quiet connection counts as alive
const REFUSED = 1008;

export class Connection {
  #socket = null;
  #pause = FIRST_PAUSE;
  #timer = null;
  #silence = null;
  #heard = 0;
  #seen = 0;
  #ahead = new Set();

  /** `memory` holds conversation and token; `show` gets every frame, `tell` each change of state. */
  constructor(memory, show, tell) {
    this.memory = memory;
    this.show = show;
    this.tell = tell;
    addEventListener("online", () => this.check());
    document.addEventListener("visibilitychange", () => document.hidden || this.check());
  }

  get ready() {
    return this.state === "online";
  }

  open() {
    clearTimeout(this.#timer);
    this.#state("connecting");
    const token = this.memory.token;
    const url = new URL("ws", document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url, token ? ["groundtalk", `token.${token}`] : ["groundtalk"]);
    this.#socket = socket;
    socket.onopen = () => this.#hello();
    socket.onmessage = (event) => socket === this.#socket && this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** Leaves the conversation; the server opens another one. */
  renew() {
    this.memory.conversation = null;
    this.#seen = 0;
    this.#ahead.clear();
    this.#state("connecting");
    this.#hello();
  }

  /** Turn `number` is on the screen, so a reconnect need not bring it again. */
  saw(number) {
    if (number > this.#seen) this.#ahead.add(number);
    while (this.#ahead.delete(this.#seen + 1)) this.#seen += 1;
  }

  /** Says hello again on a connection that may be dead: a phone that slept does not know that it was cut off. */
  check() {
    if (this.state === "waiting") this.open();
    else if (this.ready && Date.now() - this.#heard > SILENCE) this.#hello();
  }

  #hello() {
    this.send({ type: "hello", conversation: this.memory.conversation, after: this.#seen });
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#abandon(), SILENCE);
  }

  #receive(frame) {
    clearTimeout(this.#silence);
    this.#heard = Date.now();
    if (frame.type === "error" && frame.code === "unknown_conversation") return this.renew();
    if (frame.type === "ready") this.#arrived(frame);
    this.show(frame);
    return undefined;
  }

  #arrived(frame) {
    this.memory.conversation = frame.conversation;
    this.#pause = FIRST_PAUSE;
    this.#seen = Math.max(this.#seen, ...frame.turns.map((turn) => turn.turn));
    this.#state("online");
  }

  #abandon() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#closed();
  }

  #closed(code) {
    clearTimeout(this.#silence);
    if (code === REFUSED) return this.#state("refused");
    const pause = this.#pause * (0.7 + 0.6 * Math.random());
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.#timer = setTimeout(() => this.open(), pause);
    return this.#state("waiting");
  }

  #state(state) {
    this.state = state;
    this.tell(state);
  }
}
