// What the run had cost up to the cursor, by state, beside what was foreseen; Python says it in words.

import { h } from "../dom";
import type { Desk } from "./actions";

const PAUSE_MS = 120;
const HEADS = ["state", "estimate", "cost", "off by", "calls", "tokens in", "tokens out"];

export class CostsTab {
  readonly el = h("div", { class: "tlw-costtab", attrs: { hidden: true } });
  private shown = "";
  private asked = false;

  constructor(private readonly desk: Desk, signal: AbortSignal) {
    desk.session.store.bus.on(["cursor", "rows", "track"], () => this.draw(), signal);
  }

  draw(): void {
    if (this.asked || this.el.hidden || this.place() === this.shown) return;
    this.asked = true; // one question at a time, about the place that is looked at then
    setTimeout(() => void this.ask(), PAUSE_MS);
  }

  private place(): string {
    const { a, cursor } = this.desk.session.store;
    return `${a?.run ?? ""}/${cursor}`;
  }

  private async ask(): Promise<void> {
    const { session } = this.desk;
    this.shown = this.place();
    const { rows, notes = [] } = await session.ask("costs", { seq: session.store.cursor }, true);
    this.asked = false;
    const line = (cells: readonly string[], tag: "td" | "th"): HTMLElement => h("tr", {}, ...cells.map((text) => h(tag, {}, text)));
    if (rows) {
      const table = rows.length ? h("table", {}, line(HEADS, "th"), ...rows.map((row) => line(row, "td"))) : null;
      this.el.replaceChildren(table ?? h("p", { class: "tlw-empty" }, "No model was asked up to here."), ...notes.map((text) => h("p", {}, text)));
    }
    this.draw();
  }
}
