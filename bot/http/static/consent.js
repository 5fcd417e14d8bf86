// The switch that says whether the bot may learn from this conversation. Off unless the person turns it on.
// The choice is this browser's: it is told to every conversation that is opened here.

const element = (id) => document.getElementById(id);

export class Consent {
  /** `voice` has the words, `memory` keeps the choice, `send` sends a frame. */
  constructor(voice, memory, send) {
    this.memory = memory;
    this.send = send;
    this.box = element("may-learn");
    element("consent-label").textContent = voice.consent;
    element("consent").title = voice.ask_consent;
    this.box.addEventListener("change", () => this.#choose(this.box.checked));
  }

  /** `given` is what the server knows of the conversation; null where this deployment asks nobody. */
  show(given) {
    const asked = given === true || given === false;
    element("consent").hidden = !asked;
    if (!asked) return;
    this.box.checked = this.memory.consent ?? given;
    if (this.box.checked !== given) this.#tell(this.box.checked);
  }

  #choose(given) {
    this.memory.consent = given;
    this.#tell(given);
  }

  #tell(given) {
    this.send({ type: "consent", given });
  }
}
