// The lane of a live run: what it asked of the world, as the kernel tells it.

import type { Commands } from "../commands";
import { h } from "../dom";
import type { RunStore } from "../store";
import { Lane } from "./lane";
import { countsText, leavesOf, type Counts } from "./model";
import { growForest } from "./tree";

type Trouble = (text: string, hint?: string) => void;

export function liveLane(store: RunStore, commands: Commands, trouble: Trouble, signal: AbortSignal): HTMLElement {
  const { run } = store.face;
  const answer = (path: string, what: string): void => {
    void commands.ask("answer", { run, path, answer: what }).then((reply) => {
      if (!reply.ok && reply.error) trouble(reply.error, reply.hint);
    });
  };
  const live = (): boolean => store.now.status === "running";
  const lane = new Lane({ now: () => Date.now(), ticks: live, answer: () => (live() ? answer : undefined) }, signal);
  const sum = h("span", { class: "tlw-fxsum" });
  const el = h("section", { class: "tlw-section tlw-lanesec", attrs: { "aria-label": "Effects of the run" } }, h("h3", { class: "tlw-head" }, "Effects", sum), h("div", { class: "tlw-lanebox" }, lane.el));
  store.watch((now, changed) => {
    if (!changed.has("effects") && !changed.has("status")) return;
    const { effects } = now;
    el.hidden = Object.keys(effects.rows).length === 0;
    const forest = growForest(effects, live());
    const away: Counts | null = effects.cut[""] ?? null;
    sum.textContent = countsText(leavesOf(forest));
    lane.draw(forest, away);
  }, signal);
  return el;
}
