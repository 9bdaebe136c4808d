// The last calls of agents, newest first; a press on one shows all of its arguments.

import { took } from "../costs/words";
import { h } from "../dom";
import { clock } from "../steps";
import type { ServingStore } from "./store";
import type { CallRow } from "./wire";

const HEADS = ["time", "agent", "tool", "arguments", "outcome", "took", "run"];

export function calls(store: ServingStore, signal: AbortSignal): HTMLElement {
  const list = new CallList();
  store.watch((now, changed) => {
    if (changed.has("calls")) list.draw(now.calls);
  }, signal);
  return list.el;
}

class CallList {
  readonly el: HTMLElement;
  private readonly body = h("tbody");
  private readonly table: HTMLElement;
  private readonly empty = h("p", { class: "tlw-empty" }, "No agent has called yet.");
  private readonly open = new Set<string>();
  private rows: readonly CallRow[] = [];

  constructor() {
    const heads = HEADS.map((name) => h("th", { attrs: { scope: "col" } }, name));
    this.table = h("div", { class: "tlw-scroll tlw-sscroll" }, h("table", { class: "tlw-scalls" }, h("thead", {}, h("tr", {}, ...heads)), this.body));
    this.el = h("div", {}, this.table, this.empty);
  }

  draw(rows: readonly CallRow[]): void {
    this.rows = rows;
    const focused = document.activeElement instanceof HTMLElement && this.body.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const keys = new Set(rows.map(keyOf));
    for (const key of this.open) if (!keys.has(key)) this.open.delete(key);
    this.body.replaceChildren(...rows.flatMap((row) => this.line(row)));
    this.table.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
    if (focused) [...this.body.querySelectorAll("button")].find((one) => one.dataset.key === focused)?.focus({ preventScroll: true });
  }

  private line(row: CallRow): HTMLElement[] {
    const key = keyOf(row);
    const open = this.open.has(key);
    const press = (): void => {
      if (!this.open.delete(key)) this.open.add(key);
      this.draw(this.rows);
    };
    const button = h("button", { class: "tlw-link tlw-mono", attrs: { type: "button", "data-key": key, "aria-expanded": String(open), title: "All of its arguments" }, on: { click: press } }, row.tool);
    const outcome = row.outcome === "ok" ? "tlw-sok" : row.outcome === "cancelled" ? "tlw-sended" : "tlw-sbad";
    const line = h("tr", { attrs: { "data-tool": row.tool } },
      h("td", { class: "tlw-num tlw-dim" }, clock(row.at).slice(0, 8)), h("td", { class: "tlw-swho", attrs: { title: `${row.client}, tenant ${row.tenant}` } }, row.client), h("td", {}, button),
      h("td", { class: "tlw-sargs tlw-mono tlw-dim" }, inOneLine(row.arguments)),
      h("td", { class: outcome }, row.outcome), h("td", { class: "tlw-num" }, took(row.took)), h("td", { class: "tlw-mono tlw-srun", attrs: { title: row.run } }, row.run));
    if (!open) return [line];
    const said = h("pre", { class: "tlw-stext" }, row.arguments || "no arguments");
    return [line, h("tr", { class: "tlw-sopened" }, h("td", { attrs: { colspan: HEADS.length } }, said))];
  }
}

/** `{"a": 1}` as `"a": 1`. */
function inOneLine(text: string): string {
  return text.replace(/^\{\s*|\s*\}$/g, "").replace(/\s*\n\s*/g, " ");
}

function keyOf(row: CallRow): string {
  return `${row.at} ${row.client} ${row.tool} ${row.took}`;
}
