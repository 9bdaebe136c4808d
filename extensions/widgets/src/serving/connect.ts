// How to connect an agent: a choice of clients, and the exact text to paste into the chosen one.

import { h, setAttr } from "../dom";
import { rove } from "../roving";
import { copyButton } from "./copy";
import type { ServingStore } from "./store";

const CLIENTS = [
  ["claude-code", "Claude Code"], ["claude-desktop", "Claude Desktop"], ["vscode", "VS Code"], ["cursor", "Cursor"], ["inspector", "Inspector"],
] as const;
let count = 0;

export function connect(store: ServingStore, signal: AbortSignal): HTMLElement {
  return new Connect(store, signal).el;
}

class Connect {
  readonly el: HTMLElement;
  private readonly text = h("pre", { class: "tlw-stext", attrs: { tabindex: 0, "aria-label": "Text to paste" } });
  private readonly why = h("div", { class: "tlw-why", attrs: { role: "alert" } });
  private readonly bridge = h("input", { attrs: { type: "checkbox" } });
  private readonly note = h("p", { class: "tlw-dim tlw-snote" });
  private readonly choices: HTMLButtonElement[];
  private readonly copy: HTMLButtonElement;
  private client: string = CLIENTS[0][0];
  private asked = 0;

  constructor(private readonly store: ServingStore, signal: AbortSignal) {
    this.choices = CLIENTS.map(([client, label]) => h("button", {
      class: "tlw-btn tlw-small", attrs: { type: "button", role: "radio", "data-client": client }, on: { click: () => this.choose(client) },
    }, label));
    const group = h("div", { class: "tlw-schoice", attrs: { role: "radiogroup", "aria-label": "Client" } }, ...this.choices);
    const id = `tlw-sbridge-${++count}`;
    this.bridge.id = id;
    this.bridge.addEventListener("change", () => void this.tell());
    this.copy = copyButton({ label: "Copy", name: "Copy the text with the token" }, () => this.told(true), (why) => void this.tell(true, why));
    this.el = h("div", { class: "tlw-sconnect" }, group,
      h("div", { class: "tlw-sbox" }, this.text, this.copy), this.why, this.note,
      h("div", { class: "tlw-check" }, this.bridge, h("label", { attrs: { for: id } }, "Through the bridge: finds the kernel again after a restart, needs no token")));
    this.choose(this.client, false);
    rove(group, "button");
    store.watch((_, changed) => {
      if (changed.has("url") || changed.has("serving") || changed.has("guarded")) void this.tell();
    }, signal);
  }

  private choose(client: string, tell = true): void {
    this.client = client;
    for (const one of this.choices) setAttr(one, "aria-checked", String(one.dataset.client === client));
    if (tell) void this.tell();
  }

  private told(whole: boolean): Promise<string> {
    return this.store.text("config", { client: this.client, bridge: this.bridge.checked, whole });
  }

  /** `whole`: with the token, where it can only be copied by hand. */
  private async tell(whole = false, why = ""): Promise<void> {
    const asked = ++this.asked;
    if (!this.store.now.serving) return;
    try {
      const text = await this.told(whole);
      if (asked !== this.asked) return; // something else was chosen meanwhile
      this.text.textContent = text;
      this.why.textContent = why;
      this.text.hidden = this.copy.hidden = false;
      this.note.textContent = text.includes("•") ? "The token is struck out here; what is copied has it." : "";
    } catch (error) {
      if (asked !== this.asked) return;
      this.text.textContent = this.note.textContent = "";
      this.text.hidden = this.copy.hidden = true;
      this.why.textContent = (error as Error).message;
    }
  }
}
