// A run that is held says so: in one line why, and a button that lets it go on.

import { h, icon, ICONS } from "./dom";
import type { RunStore } from "./store";
import type { HeldRow } from "./wire";

export function heldLine(store: RunStore, goOn: () => void, signal: AbortSignal): HTMLElement {
  const words = h("div");
  const resume = h("button", { class: "tlw-btn tlw-small", attrs: { type: "button", title: "Let the run go on" }, on: { click: goOn } }, "Resume");
  const el = h("div", { class: "tlw-notice tlw-holding", attrs: { role: "status", hidden: true } }, icon(ICONS.held), words, resume);
  store.watch(({ held }, changed) => {
    if (!changed.has("held")) return;
    el.hidden = !held;
    if (!held) return;
    const waits = held.waiting === 1 ? "1 waits." : `${held.waiting} wait.`;
    words.replaceChildren(h("strong", {}, heldAt(held)), ` ${heldWhy(held)} ${waits} `, h("code", {}, "lab.debug(run)"), " shows more.");
  }, signal);
  return el;
}

export function heldAt(held: { breakpoint: string | null }): string {
  return held.breakpoint ? `Held at ${held.breakpoint}:` : "Held:";
}

/** The reason without what `heldAt` says already. */
export function heldWhy(held: Pick<HeldRow, "reason">): string {
  return held.reason.replace(/^(Breakpoint\s+)?b\d+:\s*/, "");
}
