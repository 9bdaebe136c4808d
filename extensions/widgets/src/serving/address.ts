// Where the server is and the token for it, which is shown for a little while when it is asked for.

import { h, icon, ICONS } from "../dom";
import { copyButton } from "./copy";
import type { ServingStore } from "./store";

const HIDDEN = "•".repeat(16);
export const SHOWN_MS = 30_000;
type Trouble = (text: string) => void;

export function address(store: ServingStore, trouble: Trouble, signal: AbortSignal): HTMLElement {
  const url = h("code", { class: "tlw-surl" });
  const tenant = h("code");
  const copy = copyButton({ label: "Copy", name: "Copy the address" }, () => Promise.resolve(store.now.url), trouble);
  const secret = new Secret(store, trouble, signal);
  const open = h("p", { class: "tlw-sopen" }, icon(ICONS.alert), "No token is asked for: every program on this machine may call.");
  const guard = row("Token", secret.el);
  const where = row("Address", url, copy);
  const whose = row("Tenant", tenant);
  store.watch((now) => {
    url.textContent = now.url;
    tenant.textContent = now.tenant;
    guard.hidden = !now.guarded || !now.serving;
    where.classList.toggle("tlw-sgone", !now.serving);
    copy.hidden = !now.serving;
    open.hidden = now.guarded || !now.serving;
    if (!now.serving) secret.hide();
  }, signal);
  return h("div", { class: "tlw-saddress" }, where, guard, whose, open);
}

function row(label: string, ...parts: HTMLElement[]): HTMLElement {
  return h("div", { class: "tlw-srow" }, h("span", { class: "tlw-slabel" }, label), ...parts);
}

/** The token: asked for by a press, forgotten again by itself. */
class Secret {
  readonly el: HTMLElement;
  private readonly text = h("code", { class: "tlw-stoken" }, HIDDEN);
  private readonly toggle = h("button", { class: "tlw-btn tlw-small tlw-sshow", attrs: { type: "button" } }, "Show token");
  private timer: ReturnType<typeof setTimeout> | undefined;
  private shown = false;

  constructor(private readonly store: ServingStore, private readonly trouble: Trouble, signal: AbortSignal) {
    this.toggle.addEventListener("click", () => this.shown ? this.hide() : void this.show());
    const copy = copyButton({ label: "Copy", name: "Copy the token without showing it" }, () => store.text("token"), (why) => {
      trouble(why);
      if (store.now.serving) void this.show(); // so that it can be selected
    });
    this.el = h("span", { class: "tlw-ssecret" }, this.text, h("span", { class: "tlw-sbuttons" }, this.toggle, copy));
    this.el.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.hide();
    });
    signal.addEventListener("abort", () => this.hide());
  }

  hide(): void {
    clearTimeout(this.timer);
    this.shown = false;
    this.text.textContent = HIDDEN;
    this.text.removeAttribute("title");
    this.toggle.textContent = "Show token";
  }

  private async show(): Promise<void> {
    try {
      const token = await this.store.text("token");
      if (!this.store.now.serving) return;
      this.shown = true;
      this.text.textContent = token;
      this.text.title = `Hidden again after ${SHOWN_MS / 1000} seconds`;
      this.toggle.textContent = "Hide token";
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.hide(), SHOWN_MS);
    } catch (error) {
      this.trouble((error as Error).message);
    }
  }
}
