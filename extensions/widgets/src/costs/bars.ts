// Groups as rows with two bars each: what was foreseen above, what came below.

import { h } from "../dom";
import type { Group, Unit } from "./wire";
import { actual, amount, cost, fromTo, many, nameOf, num, off, took, UNKNOWN } from "./words";

const MOST = 40;
const FAR = 0.25;

export interface Look {
  titles?: Record<string, string>;
  /** Also say the tokens, whatever is compared. */
  tokens?: boolean;
}

export function bars(rows: readonly Group[], unit: Unit, look: Look = {}): HTMLElement {
  const values = rows.flatMap((row) => [actual(row, unit) ?? 0, row.estimate[unit] ?? 0]);
  const most = Math.max(0, ...values);
  const lines = rows.slice(0, MOST).map((row) => line(row, unit, most, look));
  const more = rows.length - MOST;
  return h("div", { class: "tlw-cbars", attrs: { role: "list" } }, ...lines,
    more > 0 ? h("p", { class: "tlw-empty" }, `and ${num(more)} more; the CSV has them all`) : null);
}

function line(row: Group, unit: Unit, most: number, { titles = {}, tokens = false }: Look): HTMLElement {
  const name = nameOf(row);
  const shown = titles[name] ?? name;
  const size = (part: number | null): string => (part && most ? `width:${Math.max(0.5, (100 * part) / most)}%` : "width:0");
  const title = `${shown}: ${fromTo(row, unit)}; ${many(row.calls, "call")}, ${num(row.tokens_in)} tokens in, ${num(row.tokens_out)} out, ${cost(row)}, ${took(row.seconds)}`;
  const also = tokens ? `${num(row.tokens_in)} → ${num(row.tokens_out)} tokens` : row.runs === undefined ? "" : many(row.runs, "run");
  return h("div", { class: "tlw-cbar", attrs: { role: "listitem", "data-group": name, title } },
    h("span", { class: "tlw-cname" }, shown), ...numbers(row, unit),
    h("span", { class: "tlw-ctrack", attrs: { "aria-hidden": "true" } },
      row.estimate[unit] === null ? null : h("span", { class: "tlw-cwas", attrs: { style: size(row.estimate[unit]) } }),
      h("span", { class: "tlw-ccame", attrs: { style: size(actual(row, unit)) } })),
    also ? h("span", { class: "tlw-calso tlw-dim tlw-num" }, also) : null);
}

function numbers(row: Group, unit: Unit): HTMLElement[] {
  const value = actual(row, unit);
  const error = row.error[unit];
  const came = !row.calls ? "–" : value === null && row.usd === null ? h("b", { class: "tlw-cunknown" }, UNKNOWN) : h("b", {}, amount(unit, value ?? row.usd));
  const unknown = unit === "usd" && row.unpriced > 0 && row.usd !== null;
  const far = error !== null && Math.abs(error) > FAR;
  return [
    h("span", { class: "tlw-cnum tlw-num" },
      row.estimate[unit] === null ? null : h("span", { class: "tlw-dim" }, `≈${amount(unit, row.estimate[unit])} → `),
      came, unknown ? h("b", { class: "tlw-cunknown" }, ` + ${num(row.unpriced)} ${UNKNOWN}`) : null),
    h("span", { class: `tlw-coff tlw-num${far ? " tlw-cfar" : ""}`, attrs: { title: error === null ? undefined : "How far the estimate was off: + foresaw too much" } }, error === null ? "" : `off ${off(error)}`),
  ];
}
