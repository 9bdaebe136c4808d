// The costs of many runs: chargeback by tenant, by machine and model, the spread, the drift, the dearest.

import { h } from "../dom";
import { bars } from "./bars";
import { budgets, csvButton, notes, onKey, section, totals, unitChoice } from "./parts";
import { Plot, type Plan } from "./plot";
import type { CostsStore } from "./store";
import type { Batch, Group, ManyNow, Spread, Unit } from "./wire";
import { amount, many, num, UNIT_NAMES } from "./words";

const MOST_MACHINES = 4;
const MOST_RUNS = 12;
const COLOURS = ["accent", "good", "warn", "bad"];

export function manyView(store: CostsStore, signal: AbortSignal): { el: HTMLElement; plots: Plot[] } {
  const count = h("span", { class: "tlw-dim" });
  const where = store.face.where ? h("code", {}, ` where ${store.face.where}`) : null;
  const head = h("header", { class: "tlw-chead" }, h("h3", {}, "Costs of ", count, where), h("span", { class: "tlw-grow" }), unitChoice(store, signal), csvButton(store));
  const top = h("div", { class: "tlw-ctop" });
  const empty = h("p", { class: "tlw-empty tlw-cnone" }, "No model was asked yet.");
  const spread = new Plot(signal);
  const drift = new Plot(signal);
  const names = ["tenants", "machines", "models", "runs"] as const;
  const boxes = { tenants: h("div", {}), machines: h("div", {}), models: h("div", {}), runs: h("div", {}) };
  const budgetBox = h("div", {});
  const unknown = h("p", { class: "tlw-empty" });
  const body = h("div", { class: "tlw-cgrid" },
    section("Charge back by tenant", boxes.tenants, budgetBox), section("By machine", boxes.machines),
    section("How it is spread over runs", spread.el, unknown), section("How it drifts, batch by batch", drift.el),
    section("By model", boxes.models), section("Most expensive runs", boxes.runs));
  const el = h("div", { class: "tlw-costs", attrs: { role: "group", tabindex: 0, "aria-label": "Costs of many runs" } }, head, top, empty, body);
  el.addEventListener("keydown", (event) => onKey(store, event), { signal });
  store.watch(() => {
    const now = store.now as ManyNow;
    const { unit } = store;
    count.textContent = many(now.count, "run");
    empty.hidden = now.count > 0;
    body.hidden = now.count === 0;
    top.replaceChildren(...(now.count ? [totals(now.total, unit), notes(now.total)].filter((one) => one !== null) : []));
    for (const name of names) boxes[name].replaceChildren(bars(shown(now, name), unit));
    budgetBox.replaceChildren(...[budgets(now.limits)].filter((one) => one !== null));
    if (now.count === 0) return;
    const found = now.spread[unit];
    unknown.hidden = !found.unknown;
    unknown.textContent = `${many(found.unknown, "run")} with something unknown left out.`;
    spread.el.hidden = found.counts.length === 0;
    if (found.counts.length) spread.draw(spreadPlan(found, unit));
    drift.draw(driftPlan(now.drift[unit], unit));
  }, signal);
  return { el, plots: [spread, drift] };
}

function shown(now: ManyNow, name: "tenants" | "machines" | "models" | "runs"): Group[] {
  return name === "runs" ? now.runs.slice(0, MOST_RUNS) : now[name];
}

function spreadPlan({ edges, counts }: Spread, unit: Unit): Plan {
  const one = edges[0] === edges.at(-1); // all runs alike: one bar
  const x = one ? [edges[0] ?? 0] : edges;
  const values = one ? counts : [...counts, null];
  const label = `${UNIT_NAMES[unit]} a run: from ${amount(unit, edges[0] ?? 0)} to ${amount(unit, edges.at(-1) ?? 0)}`;
  const series = [{ label: `runs by ${UNIT_NAMES[unit].toLowerCase()} a run`, values, colour: "accent", kind: "bars" as const }];
  return { label, x, time: false, series, format: num, formatX: (value) => amount(unit, value) };
}

function driftPlan(rows: readonly Batch[], unit: Unit): Plan {
  const machines = [...new Set(rows.map((row) => row.machine))].slice(0, MOST_MACHINES);
  const last = Math.max(1, ...rows.map((row) => row.batch));
  const x = Array.from({ length: last }, (_, at) => at + 1);
  const series = machines.map((machine, at) => {
    const mine = new Map(rows.filter((row) => row.machine === machine).map((row) => [row.batch, row.p50]));
    return { label: `${machine}, median a run`, values: x.map((batch) => mine.get(batch) ?? null), colour: COLOURS[at] ?? "dim", kind: "line" as const };
  });
  return { label: `Median ${UNIT_NAMES[unit].toLowerCase()} a run over ${many(last, "batch").replace("batchs", "batches")}`, x, time: false, series, format: (value) => amount(unit, value), formatX: (value) => (Number.isInteger(value) ? String(value) : "") };
}
