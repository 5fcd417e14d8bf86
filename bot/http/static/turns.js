// The conversation on the screen. Every turn appears once, under its number, and each answer under its question.

import { Answer } from "./answer.js";
import { button, make } from "./dom.js";
import { word } from "./words.js";

export class Turns {
  #said = new Map(); // number of a turn -> its element
  #unsent = new Map(); // a message's own id -> its element, until it has a number
  #answers = new Map(); // number of a question -> the Answer that is being made
  #settled = 0; // answers come in the order of their questions: none comes to those before this one

  /** `parts` is what an Answer needs; `announce` reads a text to people who listen to the page. */
  constructor(list, parts, announce) {
    this.list = list;
    this.parts = parts;
    this.announce = announce;
  }

  get empty() {
    return !this.list.children.length;
  }

  get first() {
    return Math.min(...this.#said.keys());
  }

  get answering() {
    return [...this.#answers.values()].some((answer) => answer.begun);
  }

  clear() {
    this.list.replaceChildren();
    for (const kept of [this.#said, this.#unsent, this.#answers]) kept.clear();
    this.#settled = 0;
  }

  /** A stored turn, from `ready`, from another tab or as the answer itself. */
  show(turn) {
    if (this.#said.has(turn.turn)) return;
    if (turn.role === "user") this.#ask(turn.turn, question(turn.text));
    else this.#finish(turn);
  }

  /** A message on its way: it has no number yet. */
  write(id, text) {
    if (this.#unsent.has(id)) return;
    const element = question(text);
    element.append(make("p", "state", word("unsent")));
    this.#unsent.set(id, element);
    this.#place(element, Infinity, 0);
  }

  /** The server has stored message `id` as turn `number`. */
  accept(id, number) {
    const element = this.#unsent.get(id);
    this.#unsent.delete(id);
    if (!element) return;
    element.remove();
    element.querySelector(".state")?.remove();
    element.classList.remove("refused");
    if (!this.#said.has(number)) this.#ask(number, element);
  }

  /** The server did not take message `id`; `again` sends it once more. */
  refuse(id, message, again) {
    const element = this.#unsent.get(id);
    if (!element) return;
    const retry = button("quiet", word("retry"));
    retry.addEventListener("click", again);
    element.classList.add("refused");
    element.querySelector(".state").replaceChildren(message, " ", retry);
  }

  /** The answer that is being made to turn `number`, if one is. */
  draft(number) {
    return this.#answers.get(number);
  }

  /** A lost connection leaves gaps in previews; the server shows them again, or the answers themselves come whole. */
  restart() {
    for (const answer of this.#answers.values()) answer.restart();
  }

  #ask(number, element) {
    this.#said.set(number, element);
    this.#place(element, number, number);
    if (number < this.#settled || this.#answered(number)) return;
    const answer = new Answer(this.parts);
    this.#answers.set(number, answer);
    this.#place(answer.element, number, Infinity);
  }

  #finish(turn) {
    const answer = this.#answers.get(turn.reply_to) ?? new Answer(this.parts);
    const focused = document.activeElement;
    this.#answers.delete(turn.reply_to);
    answer.element.remove();
    answer.finish(turn);
    this.#said.set(turn.turn, answer.element);
    this.#place(answer.element, turn.reply_to ?? turn.turn, turn.turn);
    if (answer.element.contains(focused)) focused.focus({ preventScroll: true });
    this.#settle(turn.reply_to ?? turn.turn);
  }

  #settle(question) {
    this.#settled = Math.max(this.#settled, question);
    for (const [number, answer] of this.#answers) {
      if (number >= this.#settled) continue;
      answer.element.remove();
      this.#answers.delete(number);
    }
  }

  #answered(question) {
    return [...this.list.children].some((each) => Number(each.dataset.asked) === question && Number(each.dataset.turn) > question);
  }

  /** In the order of the questions, and under a question in the order of the turns. */
  #place(element, asked, turn) {
    Object.assign(element.dataset, { asked, turn });
    const later = (other) => Number(other.dataset.asked) - asked || Number(other.dataset.turn) - turn;
    const next = [...this.list.children].findLast((other) => !(later(other) > 0));
    if (next) next.after(element);
    else this.list.prepend(element);
  }
}

function question(text) {
  return make("li", "turn question", make("span", "unseen", word("you")), make("p", "bubble", text));
}
