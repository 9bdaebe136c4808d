// A run's data as a tree, with what the last step changed shown as old and new.

import { h } from "./dom";
import type { RunStore } from "./store";
import type { Change, Json, Now } from "./wire";

const CUT = "…";
/** How Python says that it left something out. */
const REST = /^(?:… )?(\d+) more$/;

export function dataTree(store: RunStore, signal: AbortSignal): HTMLElement {
  const note = h("span", { class: "tlw-count" });
  const tree = h("div", { class: "tlw-tree" });
  const opened = new Set<string>();
  const el = h("section", { class: "tlw-section" }, h("h3", { class: "tlw-head" }, "Data", note), tree);
  store.watch((now, changed) => {
    if (!changed.has("data") && !changed.has("changes")) return;
    note.textContent = changeNote(now);
    drawTree(tree, now, opened);
  }, signal);
  return el;
}

export function changeNote(now: Now): string {
  if (now.changes.length === 0) return "";
  const fields = now.changes.length === 1 ? "1 change" : `${now.changes.length} changes`;
  return now.span > 1 ? `${fields} in ${now.span} steps` : fields;
}

function drawTree(tree: HTMLElement, now: Now, opened: Set<string>): void {
  const changes = new Map(now.changes.map((change) => [change.path, change]));
  const rows = Object.entries(now.data).map(([key, value]) => row(key, value, key, changes, opened));
  for (const change of now.changes) {
    if (change.new === undefined && !change.path.includes(".")) rows.push(removed(change));
  }
  tree.replaceChildren(...(rows.length ? rows : [h("p", { class: "tlw-empty" }, "This run holds no data.")]));
}

function row(
  key: string, value: Json, path: string, changes: ReadonlyMap<string, Change>, opened: Set<string>,
): HTMLElement {
  const change = changes.get(path);
  if (value === null || typeof value !== "object" || Object.keys(value).length === 0) {
    const was = change && "old" in change ? wasAndArrow(change.old ?? null) : [];
    const cls = change ? "tlw-row tlw-changed" : "tlw-row";
    return h("div", { class: cls, attrs: { "data-path": path } }, keyEl(key), h("span", { class: "tlw-vals" }, ...was, valueEl(value)));
  }
  return branch(key, value, path, changes, opened);
}

function branch(
  key: string, value: Json[] | Record<string, Json>, path: string,
  changes: ReadonlyMap<string, Change>, opened: Set<string>,
): HTMLElement {
  const inside = [...changes.keys()].some((changed) => changed === path || changed.startsWith(`${path}.`));
  const summary = h("summary", { class: inside ? "tlw-row tlw-changed" : "tlw-row", attrs: { "data-path": path } }, keyEl(key), h("span", { class: "tlw-dim" }, sizeOf(value)));
  const details = h("details", {}, summary);
  const fill = (): void => {
    if (details.childElementCount > 1) return;
    const { entries, more } = entriesOf(value);
    const rows = entries.map(([name, item]) => row(name, item, `${path}.${name}`, changes, opened));
    details.append(h("div", { class: "tlw-branch" }, ...rows, more > 0 && moreEl(more)));
  };
  details.addEventListener("toggle", () => {
    if (details.open) fill();
    if (details.open) opened.add(path);
    else opened.delete(path);
  });
  if (opened.has(path)) {
    fill();
    details.open = true;
  }
  return details;
}

function removed(change: Change): HTMLElement {
  return h("div", { class: "tlw-row tlw-changed tlw-gone", attrs: { "data-path": change.path } }, keyEl(change.path), h("span", { class: "tlw-vals" }, valueEl(change.old ?? null), h("span", { class: "tlw-dim" }, " removed")));
}

export function wasAndArrow(old: Json): Node[] {
  const was = valueEl(old);
  was.classList.add("tlw-was");
  return [was, h("span", { class: "tlw-arrow", attrs: { role: "img", "aria-label": "became" } }, "→")];
}

export function keyEl(key: string): HTMLElement {
  return h("span", { class: "tlw-key", attrs: { title: key } }, key);
}

export function sizeOf(value: Json[] | Record<string, Json>): string {
  const { entries, more } = entriesOf(value);
  const count = entries.length + more;
  return Array.isArray(value) ? `[${count}]` : `{${count}}`;
}

/** What is in a value as far as Python sent it, and how much more there is. */
export function entriesOf(value: Json[] | Record<string, Json>): { entries: [string, Json][]; more: number } {
  const entries = Object.entries(value);
  const [key, last] = entries.at(-1) ?? ["", null];
  const said = typeof last === "string" && (Array.isArray(value) || key === CUT) ? REST.exec(last) : null;
  if (!said) return { entries, more: 0 };
  return { entries: entries.slice(0, -1), more: Number(said[1]) };
}

/** The line under a value that was cut. */
export function moreEl(more: number): HTMLElement {
  return h("div", { class: "tlw-row tlw-dim", attrs: { title: "run.data has them all" } }, `${CUT} ${more} more`);
}

export function valueEl(value: Json): HTMLElement {
  if (value !== null && typeof value === "object") {
    const empty = Object.keys(value).length === 0;
    const text = Array.isArray(value) ? (empty ? "[]" : `[ ${CUT} ]`) : (empty ? "{}" : `{ ${CUT} }`);
    return h("span", { class: "tlw-val tlw-dim" }, text);
  }
  const kind = value === null ? "null" : typeof value;
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return h("span", { class: `tlw-val tlw-${kind}`, attrs: { title: text.length > 24 ? text : undefined } }, text);
}
