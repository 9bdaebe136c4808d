// The most expensive calls; a press goes to the step in the debugger where one is open, and tells more.

import { h } from "../dom";
import { goTo } from "./go";
import type { CallRow } from "./wire";
import { money, num, off, took, UNKNOWN } from "./words";

const MOST = 12;
const COLUMNS = 5;

export class Calls {
  readonly el = h("div", { class: "tlw-scroll" });
  private open = 0;
  private rows: readonly CallRow[] = [];

  constructor(private readonly run: string) {}

  draw(rows: readonly CallRow[]): void {
    this.rows = rows;
    const focused = this.el.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.seq : undefined;
    const heads = ["seq", "state", "cost", "tokens in → out", "model"].map((name) => h("th", { attrs: { scope: "col" } }, name));
    this.el.replaceChildren(h("table", { class: "tlw-ccalls" },
      h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows.slice(0, MOST).flatMap((row) => this.line(row)))));
    if (focused) this.el.querySelector<HTMLElement>(`button[data-seq="${focused}"]`)?.focus({ preventScroll: true });
  }

  private line(row: CallRow): HTMLElement[] {
    const press = (): void => {
      this.open = this.open === row.seq ? 0 : row.seq;
      goTo(this.run, row.seq);
      this.draw(this.rows);
    };
    const open = this.open === row.seq;
    const attrs = { type: "button", "data-seq": row.seq, "aria-expanded": String(open), title: "Go to this step in the debugger, and tell more" };
    const button = h("button", { class: "tlw-link tlw-num", attrs, on: { click: press } }, num(row.seq));
    const cost = row.usd === null ? h("b", { class: "tlw-cunknown" }, UNKNOWN) : money(row.usd);
    const line = h("tr", { class: row.failed ? "tlw-cfailed" : "" },
      h("td", {}, button), h("td", {}, row.state, row.purpose ? h("span", { class: "tlw-dim" }, ` ${row.purpose}`) : null),
      h("td", { class: "tlw-num" }, cost), h("td", { class: "tlw-num" }, `${num(row.tokens_in)} → ${num(row.tokens_out)}`),
      h("td", { attrs: { title: row.model } }, row.model));
    return open ? [line, h("tr", { class: "tlw-cmore" }, h("td", { attrs: { colspan: COLUMNS } }, ...details(row)))] : [line];
  }
}

function details(row: CallRow): HTMLElement[] {
  const { usd, tokens, seconds } = row.estimate;
  const foreseen = [usd === null ? "" : money(usd), tokens === null ? "" : `${num(tokens)} tokens`, seconds === null ? "" : took(seconds)].filter(Boolean).join(", ");
  const came = row.tokens_in + row.tokens_out;
  const wrong = usd !== null && row.usd ? off((usd - row.usd) / row.usd) : tokens !== null && came ? off((tokens - came) / came) : "";
  const kinds = [["cache read", row.cache_read], ["cache written", row.cache_write], ["reasoning", row.reasoning]] as const;
  const told: [string, string][] = [
    ["Failed", row.failed], ["Took", took(row.seconds)], ["Foreseen", foreseen && `${foreseen}${wrong ? `, off by ${wrong}` : ""}`], ["Because", row.why],
    ["Tokens", kinds.filter(([, count]) => count).map(([name, count]) => `${num(count)} ${name}`).join(", ")],
    ["Price", [row.how, row.recorded_usd === null ? "" : `it cost ${money(row.recorded_usd)} when it was recorded`].filter(Boolean).join("; ")],
    ["Asked by", row.node], ["Answered by", row.source], ["At", new Date(row.at).toLocaleString()],
  ];
  return told.filter(([, text]) => text).map(([name, text]) => h("div", {}, h("span", { class: "tlw-dim" }, `${name}: `), text));
}
