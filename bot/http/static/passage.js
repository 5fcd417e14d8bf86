// The sheet that shows the passage behind a citation, with the quoted words marked.

import { make } from "./dom.js";
import { anchor } from "./markdown.js";
import { label, word } from "./words.js";

export class PassageSheet {
  /** `memory` knows the conversation, whose id is the key to its passages. */
  constructor(dialog, memory) {
    this.dialog = dialog;
    this.memory = memory;
    const close = dialog.querySelector("#passage-close");
    label(close, "close");
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  /** Opens at once with the snippet or the quotes that are here, then fills in the passage, once it is stored. */
  async open({ chunk, title, source, quotes, snippet }) {
    this.#head(title, source);
    this.#body(snippet ?? quotes.join(" … "), quotes);
    this.chunk = chunk;
    this.dialog.showModal();
    const text = await this.#text(chunk);
    if (this.chunk !== chunk) return;
    if (text !== null) this.#body(text, quotes);
    else if (snippet === undefined) this.#note(word("passageGone"));
  }

  async #text(chunk) {
    const path = [this.memory.conversation, chunk].map(encodeURIComponent).join("/");
    try {
      const answer = await fetch(`passages/${path}`);
      return answer.ok ? (await answer.json()).text : null;
    } catch {
      return null;
    }
  }

  #head(title, source) {
    this.dialog.querySelector("#passage-title").textContent = title;
    const place = this.dialog.querySelector("#passage-source");
    place.replaceChildren(/^https?:\/\//u.test(source) ? anchor(source, source) : source);
  }

  #body(text, quotes) {
    const body = this.dialog.querySelector("#passage-text");
    body.replaceChildren(...marked(text, quotes).map((part) => (part.quoted ? make("mark", "", part.text) : part.text)));
    body.querySelector("mark")?.scrollIntoView({ block: "center" });
  }

  #note(text) {
    this.dialog.querySelector("#passage-text").append(make("p", "note", text));
  }
}

/** `text` in parts, of which those that are one of the `quotes` are marked, whatever their white space. */
export function marked(text, quotes) {
  const words = (quote) => quote.trim().split(/\s+/u).map((each) => each.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&"));
  const forms = quotes.filter((quote) => quote.trim()).map((quote) => words(quote).join("\\s+"));
  if (!forms.length) return [{ text, quoted: false }];
  return text
    .split(new RegExp(`(${forms.join("|")})`, "u"))
    .map((part, index) => ({ text: part, quoted: index % 2 === 1 }))
    .filter((part) => part.text);
}
