// What both views of costs share: head with totals, the choice of a unit, notices, budgets, sections.

import { h, icon, ICONS } from "../dom";
import { rove } from "../roving";
import type { CostsStore } from "./store";
import type { Limit, Sums, Unit } from "./wire";
import { amount, cost, fromTo, many, money, num, off, took, UNIT_NAMES, UNKNOWN } from "./words";

const UNITS: readonly Unit[] = ["usd", "tokens", "seconds"];
const DOWN = "M8 2.500v8M4.500 7L8 10.500L11.500 7M3 13.500h10";

export function section(title: string, ...children: (HTMLElement | null)[]): HTMLElement {
  return h("section", { class: "tlw-csection", attrs: { "aria-label": title } }, h("h4", {}, title), ...children);
}

/** Buttons of which one is on: what is compared. */
export function unitChoice(store: CostsStore, signal: AbortSignal): HTMLElement {
  const buttons = UNITS.map((unit, at) => {
    const attrs = { type: "button", role: "radio", "data-unit": unit, title: `${UNIT_NAMES[unit]} (${at + 1})` };
    return h("button", { class: "tlw-btn tlw-small", attrs, on: { click: () => store.choose(unit) } }, UNIT_NAMES[unit]);
  });
  const el = h("div", { class: "tlw-cunits", attrs: { role: "radiogroup", "aria-label": "Compare" } }, ...buttons);
  rove(el, "button");
  store.watch(() => {
    for (const button of buttons) button.setAttribute("aria-checked", String(button.dataset.unit === store.unit));
  }, signal);
  return el;
}

export function csvButton(store: CostsStore): HTMLElement {
  const attrs = { type: "button", title: "Download the whole table as CSV (c)" };
  return h("button", { class: "tlw-btn tlw-small tlw-ccsv", attrs, on: { click: () => void store.csv() } }, icon(DOWN), "CSV");
}

/** Digits choose a unit, c downloads. */
export function onKey(store: CostsStore, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const unit = UNITS[Number(event.key) - 1];
  if (unit) store.choose(unit);
  else if (event.key === "c") void store.csv();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** The numbers that matter most, large. */
export function totals(total: Sums, unit: Unit): HTMLElement {
  const facts: [string, string, string][] = [
    ["Cost", cost(total), total.unpriced ? "tlw-cunknown" : ""],
    ["Tokens in → out", `${num(total.tokens_in)} → ${num(total.tokens_out)}`, ""],
    ["Calls", num(total.calls), ""],
    ["Time in calls", took(total.seconds), ""],
  ];
  const error = total.error[unit];
  if (total.estimate[unit] !== null) {
    const when = total.foreseen === "before" ? "Foreseen before" : "Foreseen at send";
    facts.splice(1, 0, [when, `${fromTo(total, unit)}${error === null ? "" : `, off by ${off(error)}`}`, ""]);
  }
  const kinds = [["cache read", total.cache_read], ["cache written", total.cache_write], ["reasoning", total.reasoning]] as const;
  const special = kinds.filter(([, count]) => count).map(([name, count]) => `${num(count)} ${name}`).join(", ");
  if (special) facts.push(["Of these tokens", special, ""]);
  return h("dl", { class: "tlw-ctotals" }, ...facts.map(([name, text, mark]) =>
    h("div", {}, h("dt", {}, name), h("dd", { class: `tlw-num ${mark}` }, text))));
}

/** What one must know to read the sums right; null where there is nothing. */
export function notes(total: Sums): HTMLElement | null {
  const said: string[] = [];
  if (total.unpriced) said.push(`${many(total.unpriced, "call")} with an ${UNKNOWN} price: not in the sum, not 0. lab.prices.set(...) tells it.`);
  if (total.failed) said.push(`${many(total.failed, "call")} failed.`);
  if (total.recorded_usd) said.push(`Recorded answers were played again; they cost ${money(total.recorded_usd)} once.`);
  if (!said.length) return null;
  return h("div", { class: "tlw-cnotes" }, ...said.map((text) => h("p", {}, icon(ICONS.alert), text)));
}

/** Budgets as gauges: what is spent, what is set aside, and what is left. */
export function budgets(limits: readonly Limit[]): HTMLElement | null {
  if (!limits.length) return null;
  const rows = limits.map((one) => {
    const share = (part: number): string => `width:${one.limit ? Math.min(100, (100 * part) / one.limit) : part ? 100 : 0}%`;
    const over = one.spent + one.reserved > one.limit;
    const left = Math.max(0, one.limit - one.spent - one.reserved);
    const text = `${amount(one.unit, one.spent)} of ${amount(one.unit, one.limit)}${one.unit === "usd" || one.unit === "seconds" ? "" : ` ${one.unit}`}${one.reserved ? `, ${amount(one.unit, one.reserved)} set aside` : ""}, ${amount(one.unit, left)} left`;
    return h("div", { class: `tlw-cbudget${over ? " tlw-cover" : ""}`, attrs: { "data-budget": one.budget } },
      h("span", { class: "tlw-cname" }, one.budget, h("span", { class: "tlw-dim" }, one.hard ? " hard" : " soft")),
      h("span", { class: "tlw-cgauge", attrs: { role: "meter", "aria-label": `${one.budget}: ${text}`, "aria-valuemin": 0, "aria-valuemax": one.limit, "aria-valuenow": Math.min(one.limit, one.spent) } },
        h("span", { class: "tlw-cspent", attrs: { style: share(one.spent) } }), h("span", { class: "tlw-caside", attrs: { style: share(one.reserved) } })),
      h("span", { class: "tlw-num" }, text));
  });
  return h("div", { class: "tlw-cbudgets" }, ...rows);
}
