// The events a run takes now, as buttons; those it would take but for a guard, with the reason.

import { h, icon, ICONS, setAttr } from "./dom";
import { eventForm, hasFields } from "./form";
import { otherEvent } from "./other";
import { rove } from "./roving";
import type { RunStore } from "./store";
import type { JsonObject, Now } from "./wire";

export type Send = (event: string, data: JsonObject) => void;

export interface Events {
  el: HTMLElement;
  /** Do what a click on the n-th event does. */
  press: (n: number) => void;
  /** Do what a click on this event's button does. */
  pressName: (event: string) => void;
  openOther: () => void;
}

export function events(store: RunStore, send: Send, signal: AbortSignal): Events {
  const panel = new EventPanel(store, send, signal);
  return { el: panel.el, press: (n) => panel.press(n), pressName: (name) => panel.pressName(name), openOther: () => panel.other.open("") };
}

class EventPanel {
  readonly el: HTMLElement;
  readonly other;
  private readonly group = h("div", { class: "tlw-events", attrs: { role: "toolbar", "aria-label": "Events this run takes now" } });
  private readonly host = h("div");
  private readonly settle: () => void;
  private opened = "";

  constructor(
    private readonly store: RunStore,
    private readonly send: Send,
    signal: AbortSignal,
  ) {
    this.other = otherEvent(store.face, send);
    this.settle = rove(this.group, "button");
    const head = h("h3", { class: "tlw-head" }, "Events", this.other.toggle);
    this.el = h("section", { class: "tlw-section tlw-eventbox" }, head, this.group, this.host, this.other.el);
    store.watch((now, changed) => {
      if (changed.has("takes") || changed.has("blocked") || changed.has("status")) this.draw(now);
    }, signal);
  }

  press(n: number): void {
    this.group.querySelectorAll<HTMLButtonElement>("button.tlw-event")[n]?.click();
  }

  pressName(event: string): void {
    const all = [...this.group.querySelectorAll<HTMLButtonElement>("button.tlw-event")];
    all.find((button) => button.dataset.event === event)?.click();
  }

  private draw(now: Now): void {
    const focused = document.activeElement;
    const had = focused instanceof HTMLElement && this.group.contains(focused) ? focused.dataset.key ?? "" : null;
    const ended = now.status !== "running";
    const items = ended ? [] : [
      ...now.takes.map((name, at) => this.take(name, at)),
      ...Object.entries(now.blocked).map(([name, why]) => this.blocked(name, why)),
    ];
    this.group.replaceChildren(...(items.length ? items : [h("p", { class: "tlw-empty" }, emptyText(now))]));
    this.other.setEnabled(!ended);
    if (this.opened && (ended || !now.takes.includes(this.opened))) this.closeForm();
    this.settle();
    if (had !== null) this.refocus(had);
  }

  private refocus(key: string): void {
    const all = [...this.group.querySelectorAll<HTMLElement>("button")];
    (all.find((item) => item.dataset.key === key) ?? all[0])?.focus({ preventScroll: true });
  }

  private take(name: string, at: number): HTMLElement {
    const schema = this.store.face.events[name];
    const pattern = name.endsWith("*");
    const form = hasFields(schema);
    const hint = at < 9 ? `${name}  (key ${at + 1})` : name;
    const attrs = { type: "button", title: hint, "data-key": name, "data-event": name, "aria-expanded": form ? "false" : undefined };
    const click = (): void => {
      if (pattern) this.other.open(name.slice(0, -1));
      else if (form) this.toggleForm(name);
      else this.send(name, {});
    };
    const main = h("button", { class: "tlw-btn tlw-event", attrs, on: { click } }, pattern ? `${name} …` : name, form && "…");
    if (pattern || form) return main;
    const more = h("button", {
      class: "tlw-btn tlw-more",
      attrs: { type: "button", title: `${name} with data`, "aria-label": `${name} with data`, "data-key": `${name} …` },
      on: { click: () => this.toggleForm(name) },
    }, icon(ICONS.braces));
    return h("span", { class: "tlw-split" }, main, more);
  }

  private blocked(name: string, why: string): HTMLElement {
    // aria-disabled, not disabled: it can be reached, and so the reason can be read
    const attrs = { type: "button", title: `Not now: ${why}`, "aria-disabled": "true", "data-key": name, "data-blocked": name, "aria-label": `${name}, not now: ${why}` };
    return h("button", { class: "tlw-btn tlw-blocked", attrs }, icon(ICONS.lock), name);
  }

  private toggleForm(name: string): void {
    if (this.opened === name) {
      this.closeForm();
      return;
    }
    this.opened = name;
    const form = eventForm(name, this.store.face.events[name], (data) => {
      this.closeForm();
      this.send(name, data);
    }, () => this.closeForm());
    this.host.replaceChildren(form.el);
    this.expand(name);
    form.focus();
  }

  private closeForm(): void {
    const name = this.opened;
    const inside = this.host.contains(document.activeElement);
    this.opened = "";
    this.host.replaceChildren();
    this.expand("");
    if (inside) this.refocus(name);
  }

  private expand(name: string): void {
    for (const button of this.group.querySelectorAll("[aria-expanded]")) {
      setAttr(button, "aria-expanded", String(button.getAttribute("data-event") === name));
    }
  }
}

function emptyText(now: Now): string {
  switch (now.status) {
    case "done": return "This run is done. It takes no more events.";
    case "stopped": return "This run was stopped. It takes no more events.";
    case "closed": return "The lab is closed. Resume the run to go on.";
    case "asleep":
    case "running": return "No event is taken here now.";
  }
}
