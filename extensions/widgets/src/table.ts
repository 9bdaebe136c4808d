// The runs of a lab, one page at a time: found, opened, sent to, stopped.

import type { Client } from "./client";
import { h, ICONS, iconButton } from "./dom";
import type { Choice } from "./groups";
import { BADGES } from "./header";
import { clock } from "./steps";
import type { Rows, RunRow } from "./wire";

export const PAGE = 12;
const CONFIRM_MS = 4000;
const TYPING_MS = 150;
type Trouble = (text: string, hint?: string) => void;

export interface Table {
  el: HTMLElement;
  choose(choice: Choice): void;
}

export function runTable(
  client: Client, open: (run: string) => void, trouble: Trouble, signal: AbortSignal,
): Table {
  const table = new RunTable(client, open, trouble, signal);
  return { el: table.el, choose: (choice) => table.choose(choice) };
}

class RunTable {
  readonly el: HTMLElement;
  private readonly view = Math.random().toString(36).slice(2, 10);
  private readonly body = h("tbody");
  private readonly place = h("span", { class: "tlw-place", attrs: { "aria-live": "polite" } });
  private readonly find = h("input", { class: "tlw-input", attrs: { type: "search", placeholder: "Find a run by id, state or tenant", "aria-label": "Find a run by id, state or tenant", spellcheck: "false" } });
  private readonly live = h("input", { attrs: { type: "checkbox" } });
  private readonly back = iconButton(ICONS.left, "Page before", () => this.turn(-1));
  private readonly next = iconButton(ICONS.right, "Next page", () => this.turn(1));
  private readonly empty = h("p", { class: "tlw-empty", attrs: { hidden: true } });
  private offset = 0;
  private matches = 0;
  private choice: Choice = { machine: "", state: "" };
  private typing: ReturnType<typeof setTimeout> | undefined;
  private readonly lines = new Map<string, Line>();

  constructor(
    private readonly client: Client,
    private readonly open: (run: string) => void,
    private readonly trouble: Trouble,
    signal: AbortSignal,
  ) {
    const heads = ["run", "machine", "state", "status", "seq", "last change", ""].map((text) => h("th", { attrs: { scope: "col" } }, text || h("span", { class: "tlw-sr" }, "actions")));
    const grid = h("table", { class: "tlw-runs" }, h("thead", {}, h("tr", {}, ...heads)), this.body);
    const only = h("label", { class: "tlw-only" }, this.live, "running only");
    const bar = h("div", { class: "tlw-bar" }, this.find, only, h("span", { class: "tlw-grow" }), this.place, this.back, this.next);
    this.el = h("div", { class: "tlw-table" }, bar, h("div", { class: "tlw-scroll" }, grid, this.empty));
    this.find.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.look(0), TYPING_MS);
    });
    this.live.addEventListener("change", () => this.look(0));
    client.onRows(this.view, (rows) => this.draw(rows), signal);
    this.look(0);
  }

  choose(choice: Choice): void {
    this.choice = choice;
    this.look(0);
  }

  private turn(by: number): void {
    const offset = this.offset + by * PAGE;
    if (offset >= 0 && offset < this.matches) this.look(offset);
  }

  /** Tell Python what this view looks at; it sends the rows, and again when they change. */
  private look(offset: number): void {
    const { machine, state } = this.choice;
    void this.client.commands.ask("look", {
      view: this.view, offset, limit: PAGE, text: this.find.value.trim(), machine, state, running: this.live.checked,
    });
  }

  private draw(rows: Rows): void {
    this.offset = rows.offset;
    this.matches = rows.matches;
    const wanted = new Set(rows.rows.map((row) => row.id));
    for (const [id, line] of this.lines) {
      if (wanted.has(id)) continue;
      line.el.remove();
      this.lines.delete(id);
    }
    rows.rows.forEach((row, at) => {
      const line = this.lines.get(row.id) ?? new Line(row.id, (id, asleep) => this.openOne(id, asleep), (id) => this.stop(id));
      this.lines.set(row.id, line);
      line.draw(row);
      if (this.body.children[at] !== line.el) this.body.insertBefore(line.el, this.body.children[at] ?? null);
    });
    const last = Math.min(rows.matches, rows.offset + rows.rows.length);
    this.place.textContent = rows.matches ? `${rows.offset + 1}–${last} of ${rows.matches.toLocaleString("en")}` : "";
    this.back.disabled = rows.offset === 0;
    this.next.disabled = last >= rows.matches;
    this.empty.hidden = rows.matches > 0;
    this.empty.textContent = this.find.value || this.choice.machine || this.live.checked ? "No run is like this." : "No run yet. Start one with the button above.";
  }

  /** Have it done, and say so where it cannot be. */
  private async ask(what: string, run: string): Promise<boolean> {
    const reply = await this.client.commands.ask(what, { run });
    if (!reply.ok) this.trouble(reply.error ?? `${what} ${run}: it could not be done.`, reply.hint);
    return reply.ok;
  }

  private openOne(run: string, asleep: boolean): void {
    if (!asleep) this.open(run);
    else void this.ask("resume", run).then((ok) => ok && this.open(run));
  }

  private stop(run: string): void {
    void this.ask("stop", run);
  }
}

class Line {
  readonly el: HTMLTableRowElement;
  private readonly cells = ["tlw-mono", "", "", "", "tlw-num", "tlw-num tlw-dim"].map((name) => h("td", { class: name }));
  private readonly openButton: HTMLButtonElement;
  private readonly stopButton: HTMLButtonElement;
  private asleep = false;
  private shown = "";
  private sure: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly id: string,
    open: (run: string, asleep: boolean) => void,
    private readonly stop: (run: string) => void,
  ) {
    this.openButton = h("button", { class: "tlw-btn tlw-small", attrs: { type: "button" }, on: { click: () => open(id, this.asleep) } });
    this.stopButton = h("button", { class: "tlw-btn tlw-small", attrs: { type: "button" }, on: { click: () => this.onStop() } });
    this.calm();
    this.el = h("tr", { attrs: { "data-run": id } }, ...this.cells, h("td", { class: "tlw-acts" }, this.openButton, this.stopButton));
  }

  draw(row: RunRow): void {
    const text = JSON.stringify(row);
    if (text === this.shown) return;
    this.shown = text;
    const badge = h("span", { class: "tlw-badge", attrs: { "data-status": row.status } }, BADGES[row.status]);
    const contents = [row.id, row.machine, row.state.replaceAll(",", " · "), badge, String(row.seq), clock(row.at)];
    this.cells.forEach((cell, at) => cell.replaceChildren(contents[at] ?? ""));
    const [id] = this.cells;
    if (id) id.title = `${row.id}, tenant ${row.tenant}`;
    this.asleep = row.status === "asleep";
    this.openButton.textContent = this.asleep ? "Resume" : "Open";
    this.openButton.setAttribute("aria-label", `${this.asleep ? "Resume" : "Open"} ${this.id}`);
    this.stopButton.disabled = row.status !== "running";
  }

  /** The first click asks, the second one within a few seconds does it. */
  private onStop(): void {
    if (this.sure === undefined) {
      this.stopButton.textContent = "Really stop?";
      this.stopButton.classList.add("tlw-danger");
      this.stopButton.setAttribute("aria-label", `Really stop ${this.id}?`);
      this.sure = setTimeout(() => this.calm(), CONFIRM_MS);
      return;
    }
    this.calm();
    this.stop(this.id);
  }

  private calm(): void {
    clearTimeout(this.sure);
    this.sure = undefined;
    this.stopButton.textContent = "Stop";
    this.stopButton.classList.remove("tlw-danger");
    this.stopButton.setAttribute("aria-label", `Stop ${this.id}`);
  }
}
