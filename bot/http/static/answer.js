// One answer on the screen: the pages that were found, what happens while it is made, its text as it streams, thumbs.

import { Cards } from "./cards.js";
import { button, make } from "./dom.js";
import { Feedback } from "./feedback.js";
import { render } from "./markdown.js";
import { Stage } from "./stage.js";
import { label, word } from "./words.js";

export class Answer {
  #text = "";
  #passages = new Map();
  #drawing = 0;
  /** Whether anyone is at work on it. It may wait behind other questions, or for a human. */
  begun = false;

  /** `open(passage)` shows a passage; `say(text)` sends a message, `rate(turn, ...)` feedback; `voice` has sentences. */
  constructor({ open, say, rate, voice }) {
    this.open = open;
    this.choose = say;
    this.rate = rate;
    this.voice = voice;
    this.cards = new Cards(open, voice);
    this.stage = new Stage();
    this.body = make("div", "body");
    this.element = make("li", "turn answer", this.cards.element, this.stage.element, this.body);
    this.element.setAttribute("aria-busy", "true");
  }

  /** All workers are busy with `ahead` other conversations. */
  queued({ ahead, seconds }) {
    this.stage.wait(word("queued", { ahead }), (left) => word("queuedFor", { ahead, seconds: left }), seconds);
  }

  /** Every attempt at an answer begins here. */
  searching(query) {
    this.#clear();
    this.#say(word("searching", { query }));
  }

  reading(passages) {
    this.#say(word("reading", { passages: counted(passages.length) }));
    const found = passages.map((each) => ({ ...each, quotes: each.quote ? [each.quote] : [] }));
    this.#passages = new Map(found.map((each) => [each.n, each]));
    this.cards.found(found);
  }

  /** The model begins: the first word and the complete answer are so many seconds away, or null. */
  writing({ first_word: first, complete }) {
    this.begun = true;
    const passages = counted(this.#passages.size);
    const withSeconds = (seconds) => word("readingFor", { passages, seconds });
    this.stage.wait(word("reading", { passages }), withSeconds, first, complete);
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

  /** What was previewed has gaps after a reconnect. The pages that were found stay; the text comes again. */
  restart() {
    this.#text = "";
    this.#draw();
    this.begun = false;
    this.stage.say(word("waiting"));
  }

  /** The committed answer, in place of the preview. */
  finish({ turn, text, citations, abstained, options = [] }) {
    cancelAnimationFrame(this.#drawing);
    this.#text = options.length ? text.split("\n", 1)[0] : text;
    this.#passages = bySource(citations);
    this.#draw();
    this.cards.cite(this.#passages);
    this.stage.remove();
    this.element.removeAttribute("aria-busy");
    this.element.classList.remove("streaming");
    this.element.classList.toggle("abstained", abstained);
    if (options.length) this.element.append(this.#options(options));
    const thanks = this.voice.thanks ?? word("thanks");
    this.element.append(new Feedback((...said) => this.rate(turn, ...said), thanks).element);
  }

  /** What the bot asks back, as buttons: a press says it, once. */
  #options(options) {
    const choices = options.map((option) => button("option", option));
    for (const choice of choices) {
      choice.addEventListener("click", () => {
        for (const each of choices) each.disabled = true;
        this.choose(choice.textContent);
      });
    }
    return make("div", "options", ...choices);
  }

  #clear() {
    this.#text = "";
    this.cards.clear();
    this.#draw();
  }

  #say(text) {
    this.begun = true;
    this.stage.say(text);
  }

  #draw() {
    this.#drawing = 0;
    this.element.classList.toggle("streaming", this.#text !== "" && this.stage.element.isConnected);
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
}

function counted(passages) {
  return word(passages === 1 ? "onePassage" : "passages", { count: passages });
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
