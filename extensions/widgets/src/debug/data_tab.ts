// The run's data at the cursor, with the difference to the fact before, and fields kept in view.

import { entriesOf, keyEl, moreEl, sizeOf, valueEl, wasAndArrow } from "../data";
import { h, icon, setAttr } from "../dom";
import type { Change, Json, JsonObject } from "../wire";
import { why, type Desk } from "./actions";
import { changesOf, placeOf, valueAt } from "./diff";
import { jumpTo } from "./fact_card";
import { copy } from "./files";
import { MORE } from "./icons";
import type { Menu, Place } from "./menu";
import { renew } from "./renew";
import { seekChange } from "./seek";
import { num } from "./words";

export class DataTab {
  readonly el: HTMLElement;
  private readonly head = h("div", { class: "tlw-dathead" });
  private readonly pins = h("div", { class: "tlw-pins" });
  private readonly tree = h("div", { class: "tlw-tree tlw-bigtree", attrs: { role: "tree", "aria-label": "Data at the cursor" } });
  private readonly opened = new Set<string>();
  /** The line that the Tab key goes to. */
  private reached = "";
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

  private why(path: string): void {
    const { a, cursor } = this.desk.session.store;
    const [now, old] = [a?.pages.at(cursor) ?? {}, a?.pages.before(cursor) ?? {}];
    void why(this.desk, cursor, placeOf(valueAt(now, path) === undefined ? old : now, path));
  }

  private async copy(path: string): Promise<void> {
    const { store } = this.desk.session;
    const text = JSON.stringify(valueAt(store.a?.pages.at(store.cursor) ?? {}, path) ?? null, null, 1);
    this.desk.say(await copy(text) ? `${path} is on the clipboard.` : "This page may not write to the clipboard.");
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
    for (const change of changes) if (change.new === undefined && Object.hasOwn(old, change.path)) rows.push(gone(change));
    renew(this.tree, ...(rows.length ? rows : [h("p", { class: "tlw-empty" }, "This run holds no data here.")]));
    this.settle();
  }

  private drawHead(cursor: number, changes: number): void {
    const trouble = this.desk.session.store.a?.pages.trouble(cursor) ?? "";
    const text = changes === 0 ? "nothing changed by" : changes === 1 ? "1 change by" : `${changes} changes by`;
    renew(this.head, h("span", { class: changes ? "tlw-count" : "tlw-dim" }, text), " ", jumpTo(this.desk, cursor),
      trouble && h("div", { class: "tlw-why" }, trouble));
  }

  private drawPins(data: JsonObject, changes: readonly Change[]): void {
    const { pinnedFields } = this.desk.session.store;
    this.pins.hidden = pinnedFields.size === 0;
    renew(this.pins, ...[...pinnedFields].map((path) => {
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
    const attrs = { "data-path": path, role: "treeitem", tabindex: -1 };
    return h("div", { class: change ? "tlw-row tlw-changed" : "tlw-row", attrs }, keyEl(key), h("span", { class: "tlw-vals" }, ...was, valueEl(value)), change && whyEl(path));
  }

  private branch(key: string, value: Json[] | JsonObject, path: string, changes: ReadonlyMap<string, Change>): HTMLElement {
    const inside = [...changes.keys()].some((changed) => changed === path || changed.startsWith(`${path}.`));
    const attrs = { "data-path": path, role: "treeitem", tabindex: -1, "aria-expanded": this.opened.has(path) ? "true" : "false" };
    const summary = h("summary", { class: inside ? "tlw-row tlw-changed" : "tlw-row", attrs }, keyEl(key), h("span", { class: "tlw-dim" }, sizeOf(value)));
    const details = h("details", {}, summary);
    const fill = (): void => {
      if (details.childElementCount > 1) return;
      const { entries, more } = entriesOf(value);
      const rows = entries.map(([name, item]) => this.row(name, item, `${path}.${name}`, changes));
      for (const change of changes.values()) if (change.new === undefined && lastDot(change.path) === path) rows.push(gone(change));
      details.append(h("div", { class: "tlw-branch", attrs: { role: "group" } }, ...rows, more > 0 && moreEl(more)));
    };
    details.addEventListener("toggle", () => {
      if (details.open) fill();
      setAttr(summary, "aria-expanded", String(details.open));
      if (details.open) this.opened.add(path);
      else this.opened.delete(path);
    });
    if (this.opened.has(path)) {
      fill();
      details.open = true;
    }
    return inside ? h("div", { class: "tlw-branchbox" }, details, whyEl(path)) : details;
  }

  private onClick(event: MouseEvent): void {
    const target = event.target as Element;
    const path = target.closest<HTMLElement>("[data-why]")?.dataset.why;
    if (path !== undefined) {
      this.why(path);
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
    if (row && row === event.target && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const rows = this.rows();
      this.settle(rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)] ?? row)?.focus();
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (!row || row !== event.target || (event.key !== "m" && event.key !== "Enter" && event.key !== "ContextMenu")) return;
    if (event.key === "Enter" && row.localName === "summary") return;
    event.preventDefault();
    event.stopPropagation();
    this.openMenu(row.dataset.path ?? "", row);
  }

  /** The lines in sight. */
  private rows(): HTMLElement[] {
    return [...this.tree.querySelectorAll<HTMLElement>("[role=treeitem]")].filter((row) => {
      const outside = row.localName === "summary" ? row.parentElement?.parentElement : row.parentElement;
      return !outside?.closest("details:not([open])");
    });
  }

  /** One line can be reached by the Tab key; the arrow keys go from there. */
  private settle(chosen?: HTMLElement): HTMLElement | undefined {
    const rows = this.rows();
    const inside = rows.find((row) => row === document.activeElement);
    const path = (chosen ?? inside)?.dataset.path ?? this.reached;
    const stop = rows.find((row) => row.dataset.path === path) ?? rows[0];
    for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
    this.reached = stop?.dataset.path ?? "";
    return stop;
  }

  private openMenu(path: string, at: Place | Element): void {
    const { store } = this.desk.session;
    this.menu.open(path, [
      { label: store.pinnedFields.has(path) ? "Unpin" : "Pin: keep in view", run: () => store.togglePin(path) },
      { label: "Why this value?", run: () => this.why(path) },
      { label: "Last change", run: () => void this.jump(path, -1) },
      { label: "Next change", run: () => void this.jump(path, 1) },
      { label: "Copy value", hint: "as JSON, as far as it is shown", run: () => void this.copy(path) },
    ], at);
  }
}

function whyEl(path: string): HTMLElement {
  return h("button", { class: "tlw-link tlw-ask", attrs: { type: "button", "data-why": path, title: `What led to ${path}?` } }, "why");
}

function lastDot(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}

function gone(change: Change): HTMLElement {
  const el = h("div", { class: "tlw-row tlw-changed tlw-gone", attrs: { "data-path": change.path } },
    keyEl(change.path), h("span", { class: "tlw-vals" }, valueEl(change.old ?? null), h("span", { class: "tlw-dim" }, " removed")));
  setAttr(el, "title", `${change.path} was removed`);
  return el;
}
