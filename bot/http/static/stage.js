// The line that says what is going on before an answer's first word, and about how long it will take.

import { make } from "./dom.js";
import { word } from "./words.js";

const WORTH_SAYING = 5; // seconds; a shorter wait needs no number
const SECOND = 1_000;

export class Stage {
  #timer = null;

  constructor() {
    this.text = make("span", "", word("waiting"));
    this.element = make("p", "stage", make("span", "pulse"), this.text);
  }

  say(text) {
    clearInterval(this.#timer);
    this.text.textContent = text;
  }

  /** `text`, and while a number of seconds is left, `withSeconds(number)`, which counts down. */
  wait(text, withSeconds, seconds, complete = seconds) {
    this.say(text);
    if (seconds === null || complete < WORTH_SAYING) return;
    const end = Date.now() + seconds * SECOND;
    const show = () => {
      const left = rounded((end - Date.now()) / SECOND);
      if (!this.element.isConnected || left < 1) this.say(text);
      else this.text.textContent = withSeconds(left);
    };
    this.#timer = setInterval(show, SECOND);
    this.text.textContent = withSeconds(rounded(seconds));
  }

  remove() {
    clearInterval(this.#timer);
    this.element.remove();
  }
}

/** As exact as an estimate can be: to 5 seconds from 10 on, to 10 from a minute on. */
function rounded(seconds) {
  const step = seconds < 10 ? 1 : seconds < 60 ? 5 : 10;
  return Math.round(seconds / step) * step;
}
