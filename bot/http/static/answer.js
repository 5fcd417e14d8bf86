// One answer on the screen: what happens while it is made, its text as it streams, then its sources and thumbs.

import { button, make } from "./dom.js";
import { Feedback } from "./feedback.js";
import { render } from "./markdown.js";
import { label, word } from "./words.js";

export class Answer {
  #text = "";
  #passages = new Map();
  #drawing = 0;
  /** Whether anyone is at work on it. It may wait behind other questions, or for a human. */
  begun = false;

  /** `open(passage)` shows a passage; `rate(turn, ...)` sends feedback; `voice` has the bot's sentences. */
  constructor({ open, rate, voice }) {
    this.open = open;
    this.rate = rate;
    this.voice = voice;
    this.stage = make("p", "stage", make("span", "pulse"), make("span", "", word("waiting")));
    this.body = make("div", "body");
    this.element = make("li", "turn answer", this.stage, this.body);
    this.element.setAttribute("aria-busy", "true");
  }

  /** Every attempt at an answer begins here. */
  searching(query) {
    this.#clear();
    this.#say(word("searching", { query }));
  }

  reading(passages) {
    this.#say(word("reading", { count: passages.length }));
    this.#passages = new Map(passages.map((each) => [each.n, { ...each, quotes: [] }]));
  }

  token(text) {
    this.begun = true;
    this.#text += text;
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
  }

  /** What was previewed is void; `message` says how it goes on, with the bot or with a `human`. */
  trouble(message, human) {
    this.#clear();
    this.#say(message);
    this.begun = !human;
  }

  /** What was previewed is incomplete after a reconnect: wait for the whole. */
  restart() {
    this.#clear();
    this.begun = false;
    this.stage.lastElementChild.textContent = word("waiting");
  }

  /** The committed answer, in place of the preview. */
  finish({ turn, text, citations, abstained }) {
    cancelAnimationFrame(this.#drawing);
    this.#text = text;
    this.#passages = bySource(citations);
    this.#draw();
    this.stage.remove();
    this.element.removeAttribute("aria-busy");
    this.element.classList.toggle("abstained", abstained);
    this.element.append(...this.#foot(turn));
  }

  #foot(turn) {
    const feedback = new Feedback((...said) => this.rate(turn, ...said), this.voice.thanks ?? word("thanks"));
    return this.#passages.size ? [this.#sources(), feedback.element] : [feedback.element];
  }

  #clear() {
    this.#text = "";
    this.#draw();
  }

  #say(text) {
    this.begun = true;
    this.stage.lastElementChild.textContent = text;
  }

  #draw() {
    this.#drawing = 0;
    this.element.classList.toggle("streaming", this.#text !== "" && this.stage.isConnected);
    this.body.replaceChildren(render(this.#text, (n) => this.#citation(n)));
  }

  #citation(n) {
    const passage = this.#passages.get(n);
    if (!passage) return null;
    const mark = button("cite", String(n));
    label(mark, "cite", { n, title: passage.title });
    mark.addEventListener("click", () => this.open(passage));
    return mark;
  }

  #sources() {
    const heading = make("h3", "eyebrow", this.voice.sources ?? word("sources"));
    const cards = [...this.#passages.values()].map((passage) => make("li", "", this.#card(passage)));
    return make("section", "sources", heading, make("ol", "", ...cards));
  }

  #card(passage) {
    const quote = passage.quotes[0] ? make("span", "quote", passage.quotes[0]) : null;
    const words = make("span", "words", make("span", "title", passage.title), quote);
    const card = button("card", make("span", "n", String(passage.n)), words);
    card.addEventListener("click", () => this.open(passage));
    return card;
  }
}

/** Citations by their number; one passage may support several sentences, each with its own quote. */
function bySource(citations) {
  const sources = new Map();
  for (const { quote, ...source } of citations) {
    const known = sources.get(source.n) ?? { ...source, quotes: [] };
    if (quote && !known.quotes.includes(quote)) known.quotes.push(quote);
    sources.set(source.n, known);
  }
  return new Map([...sources].sort(([one], [other]) => one - other));
}
