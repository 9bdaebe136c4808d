// The log: every fact in one line, filtered by kind and text; a click looks at its place.

import { h, setAttr } from "../dom";
import { factMenu, type Desk } from "./actions";
import { factCard } from "./fact_card";
import { Filter, placeIn } from "./filter";
import { ROW, VirtualList } from "./list";
import { logRow } from "./log_row";
import type { Menu, Place } from "./menu";
import type { Track } from "./track";
import { GROUPS, label, num } from "./words";

const ASK_AFTER_MS = 220;
const LIMIT = 5000;

export class Log {
  readonly el: HTMLElement;
  readonly filter = new Filter();
  private readonly list: VirtualList;
  private readonly input: HTMLInputElement;
  private readonly sum = h("span", { class: "tlw-place" });
  private readonly empty = h("p", { class: "tlw-empty tlw-lognone", attrs: { hidden: true } });
  private matches: readonly number[] | null = null;
  private asking: ReturnType<typeof setTimeout> | undefined;
  private questions = 0;

  constructor(private readonly desk: Desk, private readonly menu: Menu, signal: AbortSignal) {
    const attrs = { type: "search", placeholder: "Search names, states and data  ( / )", "aria-label": "Search the log", spellcheck: "false", autocomplete: "off" };
    this.input = h("input", { class: "tlw-input", attrs });
    const { store } = desk.session;
    this.list = new VirtualList("Facts of the run", {
      count: () => this.matches?.length ?? store.a?.total ?? 0,
      fill: (el, index) => this.fill(el, index),
      current: () => this.indexOf(store.cursor),
    }, signal);
    const bar = h("div", { class: "tlw-logbar" }, this.input, this.sum, this.chips());
    this.el = h("div", { class: "tlw-log" }, bar, h("div", { class: "tlw-logbox" }, this.list.el, this.empty), factCard(desk, signal));
    this.listen(signal);
    store.bus.on(["track", "rows"], () => this.refresh(), signal);
    store.bus.on(["pins"], () => this.list.draw(), signal);
    store.bus.on(["cursor"], () => this.point(), signal);
    signal.addEventListener("abort", () => clearTimeout(this.asking));
  }

  focusSearch(): void {
    this.input.focus();
    this.input.select();
  }

  /** The place of the next or last row that is shown; 0 for none. */
  beside(by: 1 | -1): number {
    const { store } = this.desk.session;
    if (!this.matches) return store.cursor + by;
    const at = placeIn(this.matches, store.cursor);
    const exact = this.matches[at] === store.cursor;
    return this.matches[by > 0 ? at + 1 : exact ? at - 1 : at] ?? store.cursor;
  }

  /** The log came into sight. */
  shown(): void {
    this.list.draw();
    this.list.reveal(this.indexOf(this.desk.session.store.cursor));
  }

  private chips(): HTMLElement {
    const chips = GROUPS.map(({ id, title }) => {
      const click = (): void => {
        if (!this.filter.groups.delete(id)) this.filter.groups.add(id);
        setAttr(chip, "aria-pressed", String(this.filter.groups.has(id)));
        this.changed();
      };
      const chip = h("button", { class: "tlw-filterchip", attrs: { type: "button", "aria-pressed": "false", "data-group": id }, on: { click } }, title);
      return chip;
    });
    return h("div", { class: "tlw-filterchips", attrs: { role: "group", "aria-label": "Kinds shown" } }, ...chips);
  }

  private listen(signal: AbortSignal): void {
    this.input.addEventListener("input", () => {
      this.filter.text = this.input.value.trim();
      this.changed();
    }, { signal });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.input.value) {
        this.input.value = this.filter.text = "";
        this.changed();
      } else if (event.key === "Escape" || event.key === "ArrowDown") this.list.el.focus();
      else if (event.key === "Enter") this.desk.session.store.go(this.beside(event.shiftKey ? -1 : 1));
      else return;
      event.preventDefault();
      event.stopPropagation();
    }, { signal });
    const { el } = this.list;
    el.addEventListener("click", (event) => this.onClick(event), { signal });
    el.addEventListener("contextmenu", (event) => {
      const seq = this.seqAt(this.list.indexOf(event.target));
      if (!seq) return;
      event.preventDefault();
      event.stopPropagation(); // JupyterLab has a menu of its own
      this.openMenu(seq, event);
    }, { signal });
    el.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  private onClick(event: MouseEvent): void {
    const seq = this.seqAt(this.list.indexOf(event.target));
    if (!seq) return;
    const { store, player } = this.desk.session;
    player.stop();
    store.go(seq);
    if ((event.target as Element).closest(".tlw-rowmore")) this.openMenu(seq, event);
  }

  private onKey(event: KeyboardEvent): void {
    const { store } = this.desk.session;
    const row = Math.max(1, Math.floor(this.list.el.clientHeight / ROW) - 1);
    if (event.key === "ArrowDown") store.go(this.beside(1));
    else if (event.key === "ArrowUp") store.go(this.beside(-1));
    else if (event.key === "PageDown") store.go(store.cursor + row);
    else if (event.key === "PageUp") store.go(store.cursor - row);
    else if (event.key === "Enter" || event.key === "m" || event.key === "ContextMenu") {
      const el = this.list.rowEl(this.indexOf(store.cursor));
      if (el) this.openMenu(store.cursor, el);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private openMenu(seq: number, at: Place | Element): void {
    if (seq < 1) return;
    const { a } = this.desk.session.store;
    this.menu.open(`${num(seq)}  ${a ? label(a, seq) : ""}`, factMenu(this.desk, seq), at);
  }

  private changed(): void {
    const track = this.desk.session.store.a;
    this.filter.setFound(null);
    clearTimeout(this.asking);
    if (track && this.filter.asksPython(track)) this.asking = setTimeout(() => void this.askPython(track), ASK_AFTER_MS);
    this.desk.session.store.bus.touch("filter");
    this.refresh();
    this.list.reveal(this.indexOf(this.desk.session.store.cursor));
  }

  private async askPython(track: Track): Promise<void> {
    const question = ++this.questions;
    const { text, groups } = this.filter;
    const args = { track: "a", text, limit: LIMIT, ...(groups.size ? { kinds: this.filter.kinds(track) } : {}) };
    const reply = await this.desk.session.ask("search", args);
    if (question !== this.questions || text !== this.filter.text || !reply.ok) return;
    this.filter.setFound(reply.seqs ?? []);
    this.refresh(reply.more === true);
  }

  private refresh(more = false): void {
    const { a } = this.desk.session.store;
    if (!a) return;
    this.matches = this.filter.matches(a);
    const count = this.matches?.length ?? a.total;
    this.sum.textContent = this.matches ? `${num(count)}${more ? "+" : ""} of ${num(a.total)}` : `${num(a.total)} facts`;
    this.empty.hidden = count > 0;
    this.empty.textContent = a.total === 0 ? "Nothing has happened yet." : "No fact matches.";
    this.list.draw();
  }

  private point(): void {
    const { cursor } = this.desk.session.store;
    this.list.mark();
    if (this.el.isConnected && !this.el.hidden) this.list.reveal(cursor === 0 ? 0 : this.indexOf(cursor));
  }

  private indexOf(seq: number): number {
    if (!this.matches) return seq - 1;
    const at = placeIn(this.matches, seq);
    return this.matches[at] === seq ? at : -1;
  }

  private seqAt(index: number): number {
    return index < 0 ? 0 : this.matches ? this.matches[index] ?? 0 : index + 1;
  }

  private fill(el: HTMLElement, index: number): void {
    const { store, loader } = this.desk.session;
    const { a: track } = store;
    const seq = this.seqAt(index);
    if (!track) return;
    if (!track.rows.has(seq)) {
      loader.show("a", seq, seq);
      el.replaceChildren(h("span", { class: "tlw-num tlw-logseq" }, num(seq)), h("span", { class: "tlw-dim" }, "…"));
      el.dataset.seq = "";
      return;
    }
    const pinned = store.pinnedSeqs.has(seq);
    const key = `${track.run}/${seq}/${pinned ? "p" : ""}`;
    if (el.dataset.seq === key) return;
    el.dataset.seq = key;
    logRow(el, track, seq, pinned);
    el.classList.toggle("tlw-bad", track.bad(seq));
    el.classList.toggle("tlw-still", !track.moved(seq));
  }
}
