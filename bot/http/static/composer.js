// Where the person writes: a box that grows with its text, a button that sends, a button that stops the answer.

import { label } from "./words.js";

export class Composer {
  constructor(form, say, stop) {
    this.say = say;
    this.stop = stop;
    this.text = form.querySelector("textarea");
    this.sendButton = form.querySelector(".send");
    this.stopButton = form.querySelector(".stop");
    label(this.sendButton, "send");
    label(this.stopButton, "stop");
    form.addEventListener("submit", (event) => this.#submit(event));
    this.stopButton.addEventListener("click", () => this.#stop());
    this.text.addEventListener("input", () => this.#grow());
    this.text.addEventListener("keydown", (event) => this.#key(event));
    this.#grow();
  }

  set answering(yes) {
    this.stopButton.hidden = !yes;
  }

  /** Not where it would bring up a keyboard on the screen. */
  invite() {
    if (matchMedia("(pointer: fine)").matches) this.focus();
  }

  focus() {
    this.text.focus({ preventScroll: true });
  }

  #submit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text) return;
    this.text.value = "";
    this.#grow();
    this.focus();
    this.say(text);
  }

  #stop() {
    this.stop();
    this.focus();
  }

  /** While an input method composes (Chinese, for instance) Enter chooses a word and must not send. */
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape" && !this.stopButton.hidden) this.#stop();
    if (event.key === "Enter" && !event.shiftKey) this.#submit(event);
  }

  #grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight}px`;
    this.sendButton.disabled = !this.text.value.trim();
  }
}
