// The lane: a run's effects as a tree one can walk through by mouse and keyboard.

import { h } from "../dom";
import { Folds, linesOf, type Line } from "./lines";
import { isOpen, type Branch, type Counts } from "./model";
import { LaneRow, type Answer } from "./row";

const TICK_MS = 500;

export interface LaneVerbs {
  /** The time until which what is under way is counted; null: it does not go on. */
  now(): number;
  ticks(): boolean;
  /** Repeat or fail what asks; undefined where nobody can. */
  answer(): Answer | undefined;
  /** A row was opened. */
  look?(branch: Branch): void;
}

export class Lane {
  readonly el = h("div", { class: "tlw-lane", attrs: { role: "tree", "aria-label": "Effects" } });
  private readonly folds = new Folds();
  private readonly rows = new Map<string, LaneRow>();
  private readonly opened = new Set<string>();
  private forest: readonly Branch[] = [];
  private left: Counts | null = null;
  private wide = false;
  private lines: readonly Line[] = [];
  private current = "";
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly verbs: LaneVerbs, signal: AbortSignal) {
    this.el.addEventListener("click", (event) => this.onClick(event), { signal });
    this.el.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.el.addEventListener("focusin", (event) => this.point(this.keyAt(event.target)), { signal });
    signal.addEventListener("abort", () => clearInterval(this.ticking));
  }

  /** Show these; `left` counts roots that are not here, with `wide` nothing is folded. */
  draw(forest: readonly Branch[], left: Counts | null, wide = false): void {
    [this.forest, this.left, this.wide] = [forest, left, wide];
    this.redraw();
    clearInterval(this.ticking);
    const some = this.verbs.ticks() && this.lines.some((line) => line.branch && isOpen(line.branch.state));
    this.ticking = some ? setInterval(() => this.tick(), TICK_MS) : undefined;
  }

  private redraw(): void {
    const lines = (this.lines = linesOf(this.forest, this.folds, this.left, this.wide));
    const had = this.el.contains(document.activeElement) ? this.current : "";
    const gone = had ? this.placeOf(had) : -1;
    const wanted = new Set(lines.map((line) => line.key));
    const now = this.verbs.now();
    for (const [key, row] of this.rows) {
      if (wanted.has(key)) continue;
      row.el.remove();
      this.rows.delete(key);
      this.opened.delete(key);
    }
    lines.forEach((line, at) => {
      const row = this.rows.get(line.key) ?? new LaneRow(line);
      if (!this.rows.has(line.key)) row.el.dataset.path = line.key;
      this.rows.set(line.key, row);
      row.draw(line, { now, answer: this.verbs.answer(), opened: this.opened.has(line.key), more: (path) => this.showMore(path) });
      if (this.el.children[at] !== row.el) this.el.insertBefore(row.el, this.el.children[at] ?? null);
    });
    if (!wanted.has(this.current)) this.point(lines[Math.max(0, Math.min(gone, lines.length - 1))]?.key ?? "");
    if (had && !wanted.has(had)) this.rows.get(this.current)?.el.focus({ preventScroll: true });
  }

  private placeOf(key: string): number {
    return [...this.el.children].findIndex((el) => (el as HTMLElement).dataset.path === key);
  }

  private tick(): void {
    const now = this.verbs.now();
    for (const row of this.rows.values()) row.tick(now);
  }

  private showMore(path: string): void {
    this.folds.showMore(path);
    this.redraw();
  }

  private keyAt(target: EventTarget | null): string {
    return (target as Element).closest<HTMLElement>("[role=treeitem]")?.dataset.path ?? "";
  }

  /** Make a row the tab stop of the lane. */
  private point(key: string): void {
    const row = this.rows.get(this.current);
    if (row) row.el.tabIndex = -1;
    this.current = key;
    const next = this.rows.get(key);
    if (next) next.el.tabIndex = 0;
  }

  private go(key: string | undefined): void {
    if (key === undefined) return;
    this.point(key);
    this.rows.get(key)?.el.focus();
  }

  private fold(line: Line, open: boolean): void {
    this.folds.set(line.key, open);
    this.redraw();
  }

  /** Show what it says, or show it no more. */
  private press(line: Line): void {
    if (!line.branch) {
      if (line.more) this.showMore(line.key.slice(0, -"/more".length));
      return;
    }
    if (!line.branch.row && !line.branch.spec && line.expanded !== undefined) {
      this.fold(line, !line.expanded);
      return;
    }
    if (!this.opened.delete(line.key)) {
      this.opened.add(line.key);
      this.verbs.look?.(line.branch);
    }
    this.redraw();
  }

  private onClick(event: MouseEvent): void {
    const target = event.target as Element;
    const line = this.lines.find((one) => one.key === this.keyAt(target));
    if (!line || target.closest("button, dl")) return;
    if (target.closest(".tlw-fxtwist") && line.expanded !== undefined) this.fold(line, !line.expanded);
    else this.press(line);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).closest("button")) return;
    const at = this.lines.findIndex((line) => line.key === this.current);
    const line = this.lines[at];
    if (!line || !this.act(event.key, at, line)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  private act(key: string, at: number, line: Line): boolean {
    switch (key) {
      case "ArrowDown": this.go(this.lines[at + 1]?.key); break;
      case "ArrowUp": this.go(this.lines[at - 1]?.key); break;
      case "Home": this.go(this.lines[0]?.key); break;
      case "End": this.go(this.lines.at(-1)?.key); break;
      case "ArrowRight":
        if (line.expanded === false) this.fold(line, true);
        else if (line.expanded) this.go(this.lines[at + 1]?.key);
        break;
      case "ArrowLeft":
        if (line.expanded && !this.wide) this.fold(line, false);
        else this.go(this.lines.slice(0, at).findLast((one) => one.level < line.level)?.key);
        break;
      case "Enter": case " ": this.press(line); break;
      default: return false;
    }
    return true;
  }
}
