// A list of which only the rows in sight exist, however long it is.

import { h } from "../dom";

export const ROW = 25;
const SPARE = 4;
/** Browsers stop at some 17 million pixels: longer lists are scrolled in proportion. */
const MAX_HEIGHT = 8_000_000;

export interface Rows {
  count(): number;
  /** Write row `index` into `el`, which may have had another row before. */
  fill(el: HTMLElement, index: number): void;
  /** Which row is marked; -1 for none. */
  current(): number;
}

let lists = 0;

export class VirtualList {
  readonly el: HTMLElement;
  private readonly inner = h("div", { class: "tlw-vinner", attrs: { role: "presentation" } });
  /** Holds the rows in sight; moved as a whole. */
  private readonly sight = h("div", { class: "tlw-vsight", attrs: { role: "presentation" } });
  private readonly pool: HTMLElement[] = [];
  private readonly id = `tlw-list-${++lists}`;
  private height = 0;
  private full = 0;
  private top = 0;
  private drawn = { first: -1, shown: -1, y: NaN };
  private marked = -1;

  constructor(label: string, private readonly rows: Rows, signal: AbortSignal) {
    const attrs = { role: "listbox", tabindex: 0, "aria-label": label };
    this.inner.append(this.sight);
    this.el = h("div", { class: "tlw-vlist", attrs }, this.inner);
    let asked = 0;
    this.el.addEventListener("scroll", () => {
      asked ||= requestAnimationFrame(() => {
        asked = 0;
        this.place(this.el.scrollTop, false);
      });
    }, { passive: true, signal });
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => {
      this.height = this.el.clientHeight;
      this.draw();
      this.reveal(this.rows.current());
    });
    observer.observe(this.el);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  /** Rows came or went, or say something else now. */
  draw(): void {
    const full = this.rows.count() * ROW;
    if (full !== this.full) {
      this.full = full;
      this.inner.style.height = `${Math.min(full, MAX_HEIGHT)}px`;
    }
    this.height ||= this.el.clientHeight || 400;
    this.place(this.el.scrollTop, true);
  }

  /** Bring a row into sight: no scrolling where it is already. */
  reveal(index: number): void {
    if (index < 0 || index >= this.rows.count() || !this.height) return;
    const y = index * ROW;
    if (y >= this.top && y + ROW <= this.top + this.height) return;
    const want = y < this.top ? y - ROW : y + 2 * ROW - this.height;
    const at = Math.round(Math.max(0, Math.min(this.slack, want * this.scale)));
    this.el.scrollTop = at;
    this.place(at, false); // not read back: that would lay the page out in the middle of a frame
  }

  /** How far the list can be scrolled. */
  private get slack(): number {
    return Math.max(0, Math.min(this.full, MAX_HEIGHT) - this.height);
  }

  /** Pixels of scrolling for a pixel of the list. */
  private get scale(): number {
    return this.full > MAX_HEIGHT ? this.slack / (this.full - this.height) : 1;
  }

  private place(scrolled: number, anew: boolean): void {
    const at = Math.min(scrolled, this.slack);
    this.top = at / this.scale;
    const first = Math.max(0, Math.floor(this.top / ROW) - SPARE);
    const shown = Math.max(0, Math.min(this.rows.count() - first, Math.ceil(this.height / ROW) + 2 * SPARE));
    const y = first * ROW - this.top + at;
    if (y !== this.drawn.y) this.sight.style.transform = `translateY(${y}px)`;
    const same = first === this.drawn.first && shown === this.drawn.shown;
    this.drawn = { first, shown, y };
    if (anew || !same) this.fill(first, shown);
  }

  /** The marked row is another one: only two rows change. */
  mark(): void {
    const current = this.rows.current();
    if (current === this.marked) return;
    this.marked = current;
    for (const el of this.pool) this.dress(el);
  }

  indexOf(target: EventTarget | null): number {
    const el = (target as Element | null)?.closest<HTMLElement>("[data-index]");
    return el && this.el.contains(el) ? Number(el.dataset.index) : -1;
  }

  rowEl(index: number): HTMLElement | undefined {
    return this.pool.find((el) => el.dataset.index === String(index) && !el.hidden);
  }

  private fill(first: number, shown: number): void {
    while (this.pool.length < shown) {
      const el = h("div", { class: "tlw-vrow", attrs: { role: "option", id: `${this.id}-${this.pool.length}` } });
      this.pool.push(el);
      this.sight.append(el);
    }
    this.marked = this.rows.current();
    this.pool.forEach((el, at) => {
      const off = at >= shown;
      if (el.hidden !== off) el.hidden = off;
      if (off) {
        el.dataset.index = "-1";
        this.dress(el);
        return;
      }
      const index = first + at;
      el.dataset.index = String(index);
      el.setAttribute("aria-posinset", String(index + 1));
      this.rows.fill(el, index);
      this.dress(el);
    });
    this.el.setAttribute("aria-setsize", String(this.rows.count()));
  }

  private dress(el: HTMLElement): void {
    const on = !el.hidden && this.marked >= 0 && Number(el.dataset.index) === this.marked;
    el.classList.toggle("tlw-here", on);
    el.setAttribute("aria-selected", String(on));
    if (on) this.el.setAttribute("aria-activedescendant", el.id);
  }
}
