// The costs of one run: totals, the shaded diagram, bars by state, use over time, models, calls.

import { h } from "../dom";
import { bars } from "./bars";
import { Calls } from "./calls";
import { budgets, csvButton, notes, onKey, section, totals, unitChoice } from "./parts";
import { Plot, type Plotted } from "./plot";
import { Shades } from "./shades";
import type { CostsStore } from "./store";
import type { RunNow, Unit } from "./wire";
import { amount, many, UNIT_NAMES } from "./words";

const STATUS = { running: "running", done: "done", recorded: "recorded" };

export function runView(store: CostsStore, signal: AbortSignal): { el: HTMLElement; plots: Plot[] } {
  const { face } = store;
  const chip = h("span", { class: "tlw-chip" });
  const head = h("header", { class: "tlw-chead" },
    h("h3", {}, "Costs of ", h("code", {}, face.run ?? ""), h("span", { class: "tlw-dim" }, ` ${[face.title, face.machine].find(Boolean) ?? ""}`)),
    chip, h("span", { class: "tlw-grow" }), unitChoice(store, signal), csvButton(store));
  const top = h("div", { class: "tlw-ctop" });
  const empty = h("p", { class: "tlw-empty tlw-cnone" }, "No model was asked yet.");
  const shades = new Shades(face.svg ?? "", face.machine ?? "", signal);
  const states = h("div", {});
  const plot = new Plot(signal);
  const budgetBox = h("div", {});
  const models = h("div", {});
  const calls = new Calls(face.run ?? "");
  const callBox = section("Most expensive calls", calls.el);
  const time = section("Used over time", plot.el, budgetBox);
  const modelBox = section("By model, foreseen at send", models);
  const body = h("div", { class: "tlw-cgrid" },
    section("Where it went", shades.el),
    h("div", { class: "tlw-cstack" }, section("Foreseen and actual by state", states), modelBox), time, callBox);
  const el = h("div", { class: "tlw-costs", attrs: { role: "group", tabindex: 0, "aria-label": `Costs of run ${face.run ?? ""}` } }, head, top, empty, body);
  el.addEventListener("keydown", (event) => onKey(store, event), { signal });
  store.watch(() => {
    const now = store.now as RunNow;
    const { unit } = store;
    chip.textContent = STATUS[now.status];
    chip.classList.toggle("tlw-running", now.status === "running");
    const asked = now.total.calls > 0;
    empty.hidden = asked;
    empty.textContent = now.status === "running" ? "No model was asked yet. What calls cost shows here as they end." : "No model was asked.";
    top.replaceChildren(...[asked || now.states.length ? totals(now.total, unit) : null, notes(now.total)].filter((one) => one !== null));
    body.hidden = !asked && now.states.length === 0;
    shades.draw(now.states, unit);
    states.replaceChildren(bars(now.states, unit, { titles: face.titles ?? {} }));
    models.replaceChildren(bars(now.models, unit, { tokens: true }));
    budgetBox.replaceChildren(...[budgets(now.limits)].filter((one) => one !== null));
    calls.draw(now.calls);
    callBox.hidden = time.hidden = modelBox.hidden = !asked;
    if (asked) plot.draw(planOf(now, unit));
  }, signal);
  return { el, plots: [plot] };
}

function planOf(now: RunNow, unit: Unit): Parameters<Plot["draw"]>[0] {
  const { line } = now;
  // a little before the first and after the last, so that each call is a step
  const [begin = 0, end = 0] = [line.at[0], line.at.at(-1)];
  const margin = Math.max(0.05, (end - begin) / 30);
  const x = [begin - margin, ...line.at, end + margin];
  const values = [0, ...line[unit], line[unit].at(-1) ?? 0];
  const series: Plotted[] = [{ label: `${UNIT_NAMES[unit]} used`, values, colour: "accent", kind: "steps" }];
  for (const one of now.limits) {
    if (!one.own || one.unit !== unit) continue;
    series.push({ label: `${one.budget}: at most ${amount(unit, one.limit)}`, values: x.map(() => one.limit), colour: one.hard ? "bad" : "warn", kind: "limit" });
  }
  const planned = now.total.foreseen === "before" ? now.total.estimate[unit] : null;
  if (planned !== null) series.push({ label: `foreseen: ${amount(unit, planned)}`, values: x.map(() => planned), colour: "dim", kind: "limit" });
  const label = `${UNIT_NAMES[unit]} used over time: ${amount(unit, values.at(-1) ?? 0)} after ${many(now.total.calls, "call")}`;
  return { label, x, time: true, series, format: (value) => amount(unit, value) };
}
