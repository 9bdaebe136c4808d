// What the fact under the cursor says: event data, results, effects asked, errors, times, cost.

import { h } from "../dom";
import type { Json, JsonObject } from "../wire";
import type { Desk } from "./actions";
import { renew } from "./renew";
import type { Track } from "./track";
import type { Detail } from "./wire";
import { label, num, took } from "./words";

const LONGEST = 280;

export function factCard(desk: Desk, signal: AbortSignal): HTMLElement {
  const { store } = desk.session;
  const el = h("div", { class: "tlw-fact", attrs: { role: "region", "aria-label": "The fact at the cursor", tabindex: -1 } });
  let shown = "";
  const draw = (): void => {
    const { a, cursor } = store;
    if (!a || el.closest("[hidden]")) return;
    const key = `${a.run}/${cursor}/${String(a.pages.has(cursor))}/${String(a.rows.has(cursor))}`;
    if (key === shown) return;
    shown = key;
    renew(el, ...contents(desk, a, cursor));
  };
  store.bus.on(["cursor", "page", "track", "rows"], draw, signal);
  return el;
}

function contents(desk: Desk, track: Track, seq: number): Node[] {
  if (seq === 0) return [h("p", { class: "tlw-empty" }, "Before the run began.")];
  const title = h("div", { class: "tlw-facthead" },
    h("b", {}, label(track, seq)), h("span", { class: "tlw-dim tlw-num" }, `seq ${num(seq)} · ${track.kind(seq)}`));
  const detail = track.pages.detail(seq);
  if (!detail) return [title, h("p", { class: "tlw-empty" }, "loading …")];
  return [title, h("dl", { class: "tlw-facts" }, ...linesOf(desk, track, seq, detail))];
}

function linesOf(desk: Desk, track: Track, seq: number, detail: Detail): Node[] {
  const lines: Node[] = [];
  const line = (name: string, value: Node | string): void => void lines.push(h("dt", {}, name), h("dd", {}, value));
  const json = (name: string, value: Json | undefined): void => {
    if (value === undefined || isEmpty(value)) return;
    line(name, h("code", {}, short(value)));
  };
  const { error } = detail;
  json("event", detail.event);
  if (error?.message) line("error", h("span", { class: "tlw-badtext" }, `${error.kind}: ${error.message}${error.hint ? ` ${error.hint}` : ""}`));
  if (detail.reason && detail.note === undefined) line("refused", h("span", { class: "tlw-badtext" }, `${detail.reason} ${detail.hint ?? ""}`));
  json("result", detail.result);
  json("set", detail.set);
  if (detail.del?.length) line("removed", detail.del.join(", "));
  for (const effect of detail.effects ?? []) json("asks", effect);
  for (const raised of detail.raised ?? []) line("raised", `${raised.name}${isEmpty(raised.data) ? "" : ` ${short(raised.data)}`}`);
  if (track.taken(seq).length && track.moved(seq)) line("transition", track.taken(seq).join(", "));
  if (detail.path) line("effect", `${detail.path}${detail.owner ? ` of ${detail.owner}` : ""}`);
  const { recorded } = detail;
  if (recorded) line("recorded", `in run ${recorded.run} at seq ${num(recorded.seq)}`);
  json("note", detail.note);
  if (detail.model) line("model", detail.model);
  const cost = costOf(detail);
  if (cost) line("cost", cost);
  if (detail.duration_us) line("duration", took(detail.duration_us));
  if (detail.cause) line("cause", jumpTo(desk, detail.cause));
  return lines;
}

/** A link to a fact. */
export function jumpTo(desk: Desk, seq: number): HTMLElement {
  const { store } = desk.session;
  const name = store.a?.rows.has(seq) ? ` ${label(store.a, seq)}` : "";
  return h("button", { class: "tlw-link", attrs: { type: "button" }, on: { click: () => store.go(seq) } }, `seq ${num(seq)}${name}`);
}

function costOf(detail: Detail): string {
  const { tokens_in, tokens_out, cost_usd } = detail;
  const tokens = tokens_in !== undefined || tokens_out !== undefined ? `${num(tokens_in ?? 0)} + ${num(tokens_out ?? 0)} tokens` : "";
  const money = cost_usd !== undefined ? `$${cost_usd.toFixed(cost_usd < 0.1 ? 4 : 2)}` : "";
  return [tokens, money].filter(Boolean).join(", ");
}

function isEmpty(value: Json): boolean {
  return typeof value === "object" && (value === null || Object.keys(value).length === 0);
}

export function short(value: Json | JsonObject): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
