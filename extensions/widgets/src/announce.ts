// Say changes to a screen reader: politely, and not more often than a person can listen.

import { h } from "./dom";

const PAUSE_MS = 700;

export class Announcer {
  readonly el = h("div", { class: "tlw-sr", attrs: { role: "status", "aria-live": "polite" } });
  private next = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    this.next = text;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.el.textContent = this.next;
    }, this.el.textContent ? PAUSE_MS : 50);
  }
}
