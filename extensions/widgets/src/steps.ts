// The last steps of a run, newest first.

import { h } from "./dom";
import type { RunStore } from "./store";
import type { StepRow } from "./wire";

export function stepList(store: RunStore, signal: AbortSignal): HTMLElement {
  const body = h("tbody");
  const heads = ["seq", "event", "from → to", "time"].map((text) => h("th", { attrs: { scope: "col" } }, text));
  const table = h("table", { class: "tlw-steps" }, h("thead", {}, h("tr", {}, ...heads)), body);
  const box = h("div", { class: "tlw-stepbox", attrs: { tabindex: 0, role: "region", "aria-label": "Last steps" } }, table);
  const empty = h("p", { class: "tlw-empty" }, "No step yet.");
  const el = h("section", { class: "tlw-section tlw-stepsec" }, h("h3", { class: "tlw-head" }, "Steps"), box, empty);
  const drawn = new Map<number, HTMLElement>();
  store.watch((now, changed) => {
    if (!changed.has("steps")) return;
    const kept = new Set(now.steps.map((step) => step.seq));
    for (const [seq, line] of drawn) {
      if (kept.has(seq)) continue;
      line.remove();
      drawn.delete(seq);
    }
    for (const step of now.steps) {
      if (drawn.has(step.seq)) continue;
      const line = lineOf(step);
      drawn.set(step.seq, line);
      body.prepend(line);
    }
    box.hidden = now.steps.length === 0;
    empty.hidden = now.steps.length > 0;
    empty.textContent = now.seq > 1 ? "No step among its last facts." : "No step yet.";
  }, signal);
  return el;
}

/** What was left and what was entered; in parallel regions only those that moved. */
export function wayOf(step: StepRow): [string, string] {
  const [from, to] = [step.from.split(","), step.to.split(",")];
  const left = from.filter((leaf) => !to.includes(leaf));
  const entered = to.filter((leaf) => !from.includes(leaf));
  return [(left.length || entered.length ? left : from).join(" · "), entered.join(" · ")];
}

function lineOf(step: StepRow): HTMLElement {
  const [from, to] = wayOf(step);
  const same = !to;
  const way = same ? [from] : [from, h("span", { class: "tlw-arrow" }, " → "), to];
  return h(
    "tr",
    {},
    h("td", { class: "tlw-num" }, String(step.seq)),
    h("td", { class: "tlw-ev", attrs: { title: step.event } }, step.event || "start"),
    h("td", { class: same ? "tlw-way tlw-dim" : "tlw-way", attrs: { title: `${step.from} → ${step.to}` } }, ...way),
    h("td", { class: "tlw-num tlw-dim", attrs: { title: new Date(step.at).toISOString() } }, clock(step.at)),
  );
}

/** Local time of day with milliseconds: what tells steps apart. */
export function clock(at: number): string {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
