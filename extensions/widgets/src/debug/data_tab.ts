// The run's data at the cursor, with the difference to the fact before, and fields kept in view.

import { keyEl, sizeOf, valueEl, wasAndArrow } from "../data";
import { h, icon, setAttr } from "../dom";
import type { Change, Json, JsonObject } from "../wire";
import { why, type Desk } from "./actions";
import { changesOf, valueAt } from "./diff";
import { jumpTo } from "./fact_card";
import { MORE } from "./icons";
import type { Menu, Place } from "./menu";
import { seekChange } from "./seek";
import { num } from "./words";

export class DataTab {
  readonly el: HTMLElement;
  private readonly head = h("div", { class: "tlw-dathead" });
  private readonly pins = h("div", { class: "tlw-pins" });
  private readonly tree = h("div", { class: "tlw-tree tlw-bigtree", attrs: { role: "tree", "aria-label": "Data at the cursor" } });
  private readonly opened = new Set<string>();
  private drawn: { data: JsonObject; old: JsonObject } | null = null;

  constructor(private readonly desk: Desk, private readonly menu: Menu, signal: AbortSignal) {
    this.el = h("div", { class: "tlw-datatab" }, this.head, this.pins, this.tree);
    this.tree.addEventListener("click", (event) => this.onClick(event), { signal });
    this.tree.addEventListener("contextmenu", (event) => this.onMenu(event), { signal });
    this.tree.addEventListener("keydown", (event) => this.onKey(event), { signal });
    desk.session.store.bus.on(["cursor", "page", "track", "pins"], () => this.draw(), signal);
  }

  /** Look at the next or last change of a field. */
  async jump(path: string, by: 1 | -1): Promise<void> {
    const { session } = this.desk;
    const { seq, upto } = await seekChange(session, path, by);
    if (seq) session.store.go(seq);
    else if (upto) this.desk.say(`${path} does not change up to seq ${num(upto)}; press again from there.`);
    else this.desk.say(`${path} does not change ${by > 0 ? "after" : "before"} here.`);
    if (upto) session.store.go(upto);
  }

  draw(): void {
    const { store } = this.desk.session;
    const { a: track, cursor } = store;
    if (this.el.closest("[hidden]")) return;
    const old = track?.pages.before(cursor) ?? null;
    const data = track?.pages.at(cursor) ?? null;
    this.el.classList.toggle("tlw-loading", !data || !old);
    if (!track || !data || !old) {
      this.head.replaceChildren(h("span", { class: "tlw-dim" }, track ? `loading seq ${num(cursor)} …` : "no run"));
      return;
    }
    const changes = cursor > 0 ? changesOf(old, data) : [];
    this.drawHead(cursor, changes.length);
    this.drawPins(data, changes);
    if (this.drawn?.data === data && this.drawn.old === old) return;
    this.drawn = { data, old };
    const by = new Map(changes.map((change) => [change.path, change]));
    const rows = Object.entries(data).map(([key, value]) => this.row(key, value, key, by));
    for (const change of changes) if (change.new === undefined && !change.path.includes(".")) rows.push(gone(change));
    this.tree.replaceChildren(...(rows.length ? rows : [h("p", { class: "tlw-empty" }, "This run holds no data here.")]));
  }

  private drawHead(cursor: number, changes: number): void {
    const trouble = this.desk.session.store.a?.pages.trouble(cursor) ?? "";
    const text = changes === 0 ? "nothing changed by" : changes === 1 ? "1 change by" : `${changes} changes by`;
    this.head.replaceChildren(h("span", { class: changes ? "tlw-count" : "tlw-dim" }, text), " ", jumpTo(this.desk, cursor),
      trouble && h("div", { class: "tlw-why" }, trouble));
  }

  private drawPins(data: JsonObject, changes: readonly Change[]): void {
    const { pinnedFields } = this.desk.session.store;
    this.pins.hidden = pinnedFields.size === 0;
    this.pins.replaceChildren(...[...pinnedFields].map((path) => {
      const change = changes.find((one) => one.path === path || one.path.startsWith(`${path}.`));
      const value = valueAt(data, path);
      const was = change?.path === path && change.old !== undefined ? wasAndArrow(change.old) : [];
      return h("div", { class: change ? "tlw-row tlw-changed" : "tlw-row", attrs: { "data-pin": path } },
        keyEl(path), h("span", { class: "tlw-vals" }, ...was, value === undefined ? h("span", { class: "tlw-dim" }, "–") : valueEl(value)),
        this.tool(MORE.up, `Last change of ${path} (p)`, () => void this.jump(path, -1)),
        this.tool(MORE.down, `Next change of ${path} (n)`, () => void this.jump(path, 1)),
        this.tool(MORE.pin, `Unpin ${path}`, () => this.desk.session.store.togglePin(path), true));
    }));
  }

  private tool(path: string, label: string, run: () => void, pressed?: boolean): HTMLElement {
    const attrs = { type: "button", title: label, "aria-label": label, "aria-pressed": pressed === undefined ? undefined : String(pressed) };
    return h("button", { class: "tlw-iconbtn tlw-tiny", attrs, on: { click: run } }, icon(path));
  }

  private row(key: string, value: Json, path: string, changes: ReadonlyMap<string, Change>): HTMLElement {
    if (value !== null && typeof value === "object" && Object.keys(value).length > 0) return this.branch(key, value, path, changes);
    const change = changes.get(path);
    const was = change && "old" in change ? wasAndArrow(change.old ?? null) : [];
    const ask = change && h("button", { class: "tlw-link tlw-ask", attrs: { type: "button", "data-why": path, title: `What led to ${path}?` } }, "why");
    const attrs = { "data-path": path, role: "treeitem", tabindex: 0 };
    return h("div", { class: change ? "tlw-row tlw-changed" : "tlw-row", attrs }, keyEl(key), h("span", { class: "tlw-vals" }, ...was, valueEl(value)), ask);
  }

  private branch(key: string, value: Json[] | JsonObject, path: string, changes: ReadonlyMap<string, Change>): HTMLElement {
    const inside = [...changes.keys()].some((changed) => changed === path || changed.startsWith(`${path}.`));
    const attrs = { "data-path": path, role: "treeitem" };
    const summary = h("summary", { class: inside ? "tlw-row tlw-changed" : "tlw-row", attrs }, keyEl(key), h("span", { class: "tlw-dim" }, sizeOf(value)));
    const details = h("details", {}, summary);
    const fill = (): void => {
      if (details.childElementCount > 1) return;
      details.append(h("div", { class: "tlw-branch" }, ...Object.entries(value).map(([name, item]) => this.row(name, item, `${path}.${name}`, changes))));
    };
    details.addEventListener("toggle", () => {
      if (details.open) fill();
      if (details.open) this.opened.add(path);
      else this.opened.delete(path);
    });
    if (this.opened.has(path)) {
      fill();
      details.open = true;
    }
    return details;
  }

  private onClick(event: MouseEvent): void {
    const target = event.target as Element;
    const path = target.closest<HTMLElement>("[data-why]")?.dataset.why;
    if (path !== undefined) {
      void why(this.desk, this.desk.session.store.cursor, `data.${path}`);
      return;
    }
    const row = target.closest<HTMLElement>("[data-path]");
    if (row && row.localName !== "summary") this.openMenu(row.dataset.path ?? "", event);
  }

  private onMenu(event: MouseEvent): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-path]");
    if (!row) return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab has a menu of its own
    this.openMenu(row.dataset.path ?? "", event);
  }

  private onKey(event: KeyboardEvent): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-path]");
    if (!row || row !== event.target || (event.key !== "m" && event.key !== "Enter" && event.key !== "ContextMenu")) return;
    if (event.key === "Enter" && row.localName === "summary") return;
    event.preventDefault();
    event.stopPropagation();
    this.openMenu(row.dataset.path ?? "", row);
  }

  private openMenu(path: string, at: Place | Element): void {
    const { store } = this.desk.session;
    this.menu.open(path, [
      { label: store.pinnedFields.has(path) ? "Unpin" : "Pin: keep in view", run: () => store.togglePin(path) },
      { label: "Why this value?", run: () => void why(this.desk, store.cursor, `data.${path}`) },
      { label: "Last change", run: () => void this.jump(path, -1) },
      { label: "Next change", run: () => void this.jump(path, 1) },
    ], at);
  }
}

function gone(change: Change): HTMLElement {
  const el = h("div", { class: "tlw-row tlw-changed tlw-gone", attrs: { "data-path": change.path } },
    keyEl(change.path), h("span", { class: "tlw-vals" }, valueEl(change.old ?? null), h("span", { class: "tlw-dim" }, " removed")));
  setAttr(el, "title", `${change.path} was removed`);
  return el;
}
