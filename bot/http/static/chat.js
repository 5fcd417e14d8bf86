// The chat page: joins the connection, the conversation on the screen and what the person does.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Consent } from "./consent.js";
import { Memory } from "./memory.js";
import { PassageSheet } from "./passage.js";
import { Scroll } from "./scroll.js";
import { Turns } from "./turns.js";
import { dress, label, preferred, word } from "./words.js";

const element = (id) => document.getElementById(id);

class Chat {
  constructor(voice) {
    this.voice = voice.wordings[preferred] ?? voice.wordings[voice.default_language];
    this.name = voice.name;
    this.memory = new Memory();
    this.ratings = new Map(); // turn -> feedback that waits for the connection
    const sheet = new PassageSheet(element("passage"), this.memory);
    const parts = {
      open: (passage) => sheet.open(passage),
      say: (text) => this.say(text),
      rate: (turn, rating, comment, correction) => this.rate({ turn, rating, comment, correction }),
      voice: this.voice,
    };
    this.turns = new Turns(element("turns"), parts);
    this.scroll = new Scroll(element("main"), element("latest"));
    this.composer = new Composer(element("composer"), (text) => this.say(text), () => this.stop());
    this.connection = new Connection(this.memory, (frame) => this.receive(frame), (state) => this.tell(state));
    this.consent = new Consent(this.voice, this.memory, (frame) => this.connection.send(frame));
  }

  start() {
    document.title = this.name;
    element("name").textContent = this.name;
    element("greeting").textContent = this.voice.greeting;
    element("promise").textContent = word("promise", { name: this.name });
    element("text").placeholder = word("ask", { name: this.name });
    element("new").addEventListener("click", () => this.renew());
    element("earlier").addEventListener("click", () => this.readEarlier());
    this.connection.open();
    this.composer.invite();
  }

  say(text) {
    const message = { id: freshId(), text, conversation: this.memory.conversation, at: Date.now() };
    this.memory.keep(message);
    this.turns.write(message.id, text);
    this.scroll.toEnd();
    this.#refresh();
    if (this.connection.ready) this.#send(message);
  }

  rate(feedback) {
    this.ratings.set(feedback.turn, feedback);
    if (this.connection.ready) this.#sendRatings();
  }

  stop() {
    this.connection.send({ type: "cancel" });
  }

  renew() {
    for (const message of this.memory.unsent(this.memory.conversation)) this.memory.drop(message.id);
    this.turns.clear();
    this.ratings.clear();
    this.connection.renew();
    element("greeting").textContent = this.voice.new_conversation;
    this.#refresh();
    this.composer.invite();
  }

  receive(frame) {
    this.scroll.keep(() => this.#show(frame));
    this.#refresh();
  }

  tell(state) {
    const shown = { connecting: "reconnecting", waiting: "reconnecting", online: "online", refused: "offline" };
    element("status").dataset.state = state;
    element("status-text").textContent = word(shown[state]);
    if (state === "waiting") this.turns.restart();
    const trouble = { waiting: "lost", refused: "refused" }[state];
    if (trouble) element("trouble").textContent = word(trouble);
    if (state !== "connecting") element("trouble").hidden = !trouble;
  }

  async readEarlier() {
    const path = `conversations/${encodeURIComponent(this.memory.conversation)}/turns?before=${this.turns.first}`;
    const answer = await fetch(path).catch(() => null);
    if (!answer?.ok) return;
    const { turns } = await answer.json();
    this.scroll.hold(() => turns.forEach((turn) => this.turns.show(turn)));
    this.#refresh();
  }

  #show(frame) {
    const draft = this.turns.draft(frame.turn);
    if (frame.type === "ready") this.#ready(frame);
    else if (frame.type === "accepted") this.#accepted(frame);
    else if (frame.type === "said") this.#turn({ ...frame, role: "user" });
    else if (frame.type === "answer") this.#answer(frame);
    else if (frame.type === "queued") draft?.queued(frame);
    else if (frame.type === "rewritten") draft?.searching(frame.query);
    else if (frame.type === "passages") draft?.reading(frame.passages);
    else if (frame.type === "writing") draft?.writing(frame);
    else if (frame.type === "token") draft?.token(frame.text);
    else if (frame.type === "error") this.#trouble(frame, draft);
  }

  #ready(frame) {
    this.consent.show(frame.consent);
    this.turns.restart();
    for (const turn of frame.turns) this.turns.show(turn);
    for (const message of this.#unsent(frame.conversation)) {
      this.turns.write(message.id, message.text);
      this.#send(message);
    }
    this.#sendRatings();
  }

  /** What was written before there was a conversation goes into this one. */
  #unsent(conversation) {
    const homeless = this.memory.unsent(null).map((message) => ({ ...message, conversation }));
    homeless.forEach((message) => this.memory.keep(message));
    return this.memory.unsent(conversation);
  }

  #send({ id, text }) {
    this.connection.send({ type: "message", id, text });
  }

  #sendRatings() {
    for (const feedback of this.ratings.values()) this.connection.send({ type: "feedback", ...feedback });
    this.ratings.clear();
  }

  #accepted({ id, turn }) {
    this.memory.drop(id);
    this.turns.accept(id, turn);
    this.connection.saw(turn);
  }

  #turn(turn) {
    this.turns.show(turn);
    this.connection.saw(turn.turn);
  }

  #answer(frame) {
    this.#turn({ ...frame, role: "assistant" });
    element("announcer").textContent = word("answered", { name: this.name, text: frame.text });
  }

  #trouble({ code, id, message }, draft) {
    if (draft) return draft.trouble(message, code === "human");
    if (!id) return console.warn(message);
    const unsent = this.memory.unsent(this.memory.conversation).find((each) => each.id === id);
    this.memory.drop(id);
    return this.turns.refuse(id, message, () => {
      this.memory.keep(unsent);
      this.#send(unsent);
    });
  }

  #refresh() {
    element("welcome").hidden = !this.turns.empty;
    element("earlier").hidden = this.turns.empty || !(this.turns.first > 1 && this.turns.first < Infinity);
    this.composer.answering = this.turns.answering;
  }
}

/** Not `crypto.randomUUID`, which browsers keep from pages that come over plain HTTP. */
function freshId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function voice() {
  try {
    return await (await fetch("voice")).json();
  } catch {
    await new Promise((wake) => setTimeout(wake, 2_000));
    return voice();
  }
}

dress(document);
label(element("latest"), "latest");
new Chat(await voice()).start();
