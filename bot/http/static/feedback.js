// Thumbs under an answer. A thumb counts at once; thumbs down then asks, without insisting, what was wrong.

import { button, icon, make } from "./dom.js";
import { label, word } from "./words.js";

let forms = 0;

export class Feedback {
  /** `rate(rating, comment, correction)` sends; `thanks` is the bot's own sentence. */
  constructor(rate, thanks) {
    this.rate = rate;
    this.thanks = thanks;
    this.up = this.#thumb("up", "helpful");
    this.down = this.#thumb("down", "notHelpful");
    this.said = make("span", "thanks");
    this.said.setAttribute("role", "status");
    const thumbs = make("div", "thumbs", this.up, this.down, this.said);
    thumbs.setAttribute("role", "group");
    thumbs.setAttribute("aria-label", word("feedbackFor"));
    this.element = make("div", "feedback", thumbs);
  }

  #thumb(rating, key) {
    const thumb = button(`thumb ${rating}`, icon("thumb"));
    label(thumb, key);
    thumb.setAttribute("aria-pressed", "false");
    thumb.addEventListener("click", () => this.#choose(rating));
    return thumb;
  }

  #choose(rating) {
    this.up.setAttribute("aria-pressed", String(rating === "up"));
    this.down.setAttribute("aria-pressed", String(rating === "down"));
    this.rate(rating, null, null);
    this.form?.remove();
    this.said.textContent = rating === "up" ? this.thanks : "";
    if (rating === "down") this.#ask();
  }

  #ask() {
    const comment = field("comment", 2);
    const correction = field("correction", 3);
    const send = make("button", "filled", word("sendFeedback"));
    send.type = "submit";
    const leave = button("quiet", word("close"));
    leave.addEventListener("click", () => this.#close());
    this.form = make("form", "correction", comment.block, correction.block, make("div", "actions", send, leave));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.rate("down", comment.input.value.trim() || null, correction.input.value.trim() || null);
      this.#close();
    });
    this.form.addEventListener("keydown", (event) => event.key === "Escape" && this.#close());
    this.element.append(this.form);
    comment.input.focus();
  }

  #close() {
    this.form.remove();
    this.said.textContent = this.thanks;
    this.down.focus();
  }
}

function field(key, rows) {
  const input = make("textarea");
  input.id = `${key}-${(forms += 1)}`;
  input.rows = rows;
  input.maxLength = 4000;
  const name = make("label", "", word(key), " ", make("span", "optional", word("optional")));
  name.htmlFor = input.id;
  return { input, block: make("div", "field", name, input) };
}
