// Stays at the end of the conversation while the person reads there, and leaves them alone when they read above.

const NEAR = 80; // pixels from the end that still count as reading there

export class Scroll {
  constructor(area, latest) {
    this.area = area;
    this.latest = latest;
    area.addEventListener("scroll", () => this.#mark(), { passive: true });
    latest.addEventListener("click", () => this.toEnd("smooth"));
    new ResizeObserver(() => this.following && this.toEnd()).observe(area.firstElementChild);
    this.following = true;
  }

  toEnd(behavior = "instant") {
    this.following = true;
    this.area.scrollTo({ top: this.area.scrollHeight, behavior });
  }

  /** Makes a change; who was reading at the end is there afterwards, too. */
  keep(change) {
    const following = this.following;
    change();
    if (following) this.toEnd();
  }

  /** Makes a change above what is being read, which does not move. */
  hold(change) {
    const fromEnd = this.area.scrollHeight - this.area.scrollTop;
    change();
    this.area.scrollTop = this.area.scrollHeight - fromEnd;
  }

  #mark() {
    this.following = this.area.scrollHeight - this.area.scrollTop - this.area.clientHeight < NEAR;
    this.latest.hidden = this.following;
  }
}
