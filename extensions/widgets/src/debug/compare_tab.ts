// Two runs side by side: where they part, the way of each, and what differs in the end.

import { valueEl } from "../data";
import { h } from "../dom";
import type { Json } from "../wire";
import type { Desk } from "./actions";
import { firstOf } from "./align";
import { short } from "./fact_card";
import { closeB } from "./forks_tab";
import { VirtualList } from "./list";
import { renew } from "./renew";
import type { Track } from "./track";
import { label, num, took, way } from "./words";
import type { Compared, CompareMessage } from "./wire";

export class CompareTab {
  readonly el: HTMLElement;
  private readonly head = h("div", { class: "tlw-cmphead" });
  private readonly tables = h("div", { class: "tlw-cmptables" });
  private readonly empty = h("p", { class: "tlw-empty" }, "Nothing to compare. Fork this run, or choose another one under Forks.");
  private readonly list: VirtualList;
  private readonly box: HTMLElement;

  constructor(private readonly desk: Desk, private readonly onBoth: (on: boolean) => void, signal: AbortSignal) {
    const { store } = desk.session;
    this.list = new VirtualList("Facts of both runs", {
      count: () => store.compare?.rows.length ?? 0,
      fill: (el, index) => this.fill(el, index),
      current: () => this.current(),
    }, signal);
    this.box = h("div", { class: "tlw-logbox" }, this.list.el);
    this.el = h("div", { class: "tlw-cmptab" }, this.empty, this.head, this.box, this.tables);
    this.list.el.addEventListener("click", (event) => {
      const row = store.compare?.rows[this.list.indexOf(event.target)];
      if (row) this.look(row[0], row[1]);
    }, { signal });
    this.list.el.addEventListener("keydown", (event) => {
      const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      const row = by ? store.compare?.rows[this.current() + by] : undefined;
      if (!row) return;
      event.preventDefault();
      event.stopPropagation();
      this.look(row[0], row[1]);
    }, { signal });
    store.bus.on(["compare", "track"], () => this.draw(), signal);
    store.bus.on(["rows"], () => this.list.draw(), signal);
    store.bus.on(["cursor"], () => this.point(), signal);
  }

  shown(): void {
    this.list.draw();
    this.list.reveal(this.current());
  }

  private look(left: number, right: number): void {
    const { store } = this.desk.session;
    if (left) store.go(left);
    else store.goB(right);
  }

  private draw(): void {
    const { store } = this.desk.session;
    const { compare, b } = store;
    this.empty.hidden = compare !== null || b !== null;
    this.head.hidden = !b;
    this.box.hidden = this.tables.hidden = !compare;
    if (b) this.drawHead(compare);
    if (compare) this.drawTables(compare);
    this.list.draw();
    this.list.reveal(this.current());
  }

  private drawHead(compare: CompareMessage | null): void {
    const { session } = this.desk;
    const first = compare ? firstOf(compare) : [0, 0] as const;
    const parts = compare !== null && (first[0] > 0 || first[1] > 0);
    const both = h("input", { attrs: { type: "checkbox" } });
    both.addEventListener("change", () => this.onBoth(both.checked));
    const button = (text: string, run: () => void): HTMLElement =>
      h("button", { class: "tlw-btn tlw-small", attrs: { type: "button" }, on: { click: run } }, text);
    renew(this.head,
      h("div", { class: "tlw-cmptext" }, compare ? headline(compare, parts) : "comparing …"),
      h("div", { class: "tlw-cmptools" },
        parts && button("First difference", () => this.look(first[0], first[1])),
        h("label", { class: "tlw-inline" }, both, "one picture"),
        button("Compare again", () => void session.ask("compare")),
        button("Close B", () => void closeB(this.desk))),
    );
  }

  private drawTables(compare: CompareMessage): void {
    const changed = (title: string, rows: readonly Compared[]): Node | null => (rows.length ? table(title, rows.map((row) => [row.path, row.left, row.right])) : null);
    const parts = [
      changed("Data", compare.data), changed("Effects", compare.effects.map((row) => ({ path: row.path, left: told(row.left), right: told(row.right) }))),
      compare.sums.length ? table("Sums", compare.sums.map((sum) => [NAMES[sum.name] ?? sum.name, sumOf(sum.name, sum.left), sumOf(sum.name, sum.right)])) : null,
    ];
    this.tables.replaceChildren(...parts.filter((part) => part !== null));
  }

  private current(): number {
    const { compare, cursor, atB } = this.desk.session.store;
    const chosen = atB ? compare?.rows.findIndex((row) => row[1] === atB) ?? -1 : -1;
    if (chosen >= 0) return chosen;
    return compare?.rows.findLastIndex((row) => row[0] > 0 && row[0] <= cursor) ?? -1;
  }

  private point(): void {
    if (this.el.hidden || !this.desk.session.store.compare) return;
    this.list.mark();
    this.list.reveal(this.current());
  }

  private fill(el: HTMLElement, index: number): void {
    const { a, b, compare } = this.desk.session.store;
    const row = compare?.rows[index];
    if (!row || !a || !b) return;
    el.classList.toggle("tlw-differs", row[2] === 0);
    const shared = row[2] === 1 ? "the same" : "–"; // a fork has no fact of its own where its parent's stands
    el.replaceChildren(...side(a, row[0], shared), ...side(b, row[1], shared));
  }
}

/** The beginning of Python's text: its table is drawn here. */
function headline(compare: CompareMessage, parts: boolean): string {
  const [text = ""] = compare.text.split("\n\n");
  if (text) return text;
  return parts ? "They differ." : "They are alike.";
}

function side(track: Track, seq: number, none: string): Node[] {
  if (!seq) return [h("span", { class: "tlw-num tlw-logseq" }), h("span", { class: "tlw-cmpname tlw-dim" }, none)];
  const [, to] = way(track, seq);
  return [
    h("span", { class: "tlw-num tlw-logseq" }, num(seq)),
    h("span", { class: "tlw-cmpname" }, track.rows.has(seq) ? label(track, seq) : "…", to && h("span", { class: "tlw-dim" }, ` → ${to}`)),
  ];
}

function table(title: string, rows: [string, Json | undefined, Json | undefined][]): HTMLElement {
  const cell = (value: Json | undefined): HTMLElement => h("td", {}, value === undefined ? h("span", { class: "tlw-dim" }, "–") : valueOf(value));
  const lines = rows.map(([name, left, right]) => h("tr", {}, h("td", { class: "tlw-mono" }, name), cell(left), cell(right)));
  const head = h("tr", {}, ...[title, "A", "B"].map((text) => h("th", { attrs: { scope: "col" } }, text)));
  return h("table", { class: "tlw-cmptable" }, h("thead", {}, head), h("tbody", {}, ...lines));
}

const NAMES: Partial<Record<string, string>> = { tokens_in: "tokens in", tokens_out: "tokens out", cost_usd: "cost" };

/** A sum as a person reads it. */
function sumOf(name: string, value: Json): Json {
  if (value === null) return "unknown";
  if (typeof value !== "number") return value;
  return name === "duration" ? took(value) : name === "cost_usd" ? `$${value.toFixed(value < 0.1 ? 4 : 2)}` : num(value);
}

/** An effect of one run in a few words: its kind, how it ended and what it answered. */
function told(effect: Json | undefined): Json | undefined {
  if (typeof effect !== "object" || effect === null || Array.isArray(effect)) return effect;
  const { kind, status, result, error } = effect;
  const answer = error ?? result ?? null;
  return `${short(kind ?? "effect")} ${short(status ?? "")}${answer === null ? "" : `: ${short(answer)}`}`;
}

function valueOf(value: Json): HTMLElement {
  if (typeof value === "string") return h("span", { class: "tlw-val", attrs: { title: value } }, value || '""');
  if (value === null || typeof value !== "object") return valueEl(value);
  const text = JSON.stringify(value);
  return h("span", { class: "tlw-val tlw-mono", attrs: { title: text } }, text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

