// The pages that were found, as cards above the answer: there before its first word, and its sources afterwards.
// The row has one height from the first card on, so that nothing below it moves.

import { button, make } from "./dom.js";
import { word } from "./words.js";

export class Cards {
  #cards = new Map(); // number of a passage -> its card in the list

  /** `open(passage)` shows a passage; `voice` has the bot's headings. */
  constructor(open, voice) {
    this.open = open;
    this.voice = voice;
    this.heading = make("h3", "eyebrow");
    this.list = make("ol");
    this.element = make("section", "sources", this.heading, this.list);
    this.element.hidden = true;
  }

  clear() {
    this.#cards.clear();
    this.list.replaceChildren();
    this.element.hidden = true;
  }

  /** What was found, before anything is cited. */
  found(passages) {
    this.clear();
    for (const passage of passages) this.#add(passage);
    this.heading.textContent = this.voice.found ?? word("found");
    this.element.hidden = !passages.length;
  }

  /** The answer is there: what it cites comes first, and the rest folds away. */
  cite(sources) {
    const rest = [...this.#cards].filter(([n]) => !sources.has(n)).map(([, card]) => card);
    this.list.replaceChildren(...[...sources.values()].map((source) => this.#cited(source)));
    if (rest.length) this.#fold(rest);
    if (sources.size) this.heading.textContent = this.voice.sources ?? word("sources");
    this.list.scrollLeft = 0;
    this.element.hidden = !this.list.children.length;
  }

  #add(passage) {
    const item = make("li", "", this.#card(passage));
    this.#cards.set(passage.n, item);
    this.list.append(item);
  }

  /** The card that is there already, which now shows what the answer quotes. */
  #cited(source) {
    const item = this.#cards.get(source.n) ?? make("li");
    const card = item.firstElementChild ?? this.#card(source);
    if (source.quotes[0]) card.querySelector(".quote").textContent = source.quotes[0];
    card.onclick = () => this.open(source);
    item.append(card);
    return item;
  }

  #card(passage) {
    const words = make(
      "span",
      "words",
      make("span", "title", passage.title),
      make("span", "place", place(passage.source)),
      make("span", "quote", passage.quotes[0] ?? ""),
    );
    const card = button("card", make("span", "n", String(passage.n)), words);
    card.onclick = () => this.open(passage);
    return card;
  }

  #fold(rest) {
    const toggle = button("more", "");
    const show = (open) => {
      toggle.setAttribute("aria-expanded", String(open));
      toggle.textContent = open ? word("fewer") : word("more", { count: rest.length });
      for (const item of rest) item.hidden = !open;
    };
    toggle.onclick = () => show(toggle.getAttribute("aria-expanded") === "false");
    show(false);
    this.list.append(make("li", "fold", toggle), ...rest);
  }
}

/** Where a passage is from, short enough for a card: an address without its scheme, or the file. */
function place(source) {
  return source.replace(/^https?:\/\/(www\.)?/u, "").replace(/\/$/u, "");
}
