// The timeline: both tracks as bands, a scrubber on them, zoom and pan for long runs.

import { h, ICONS, iconButton } from "../dom";
import { clock } from "../steps";
import { factsOf, paintMark, paintTrack, Palette, type Paints } from "./bands";
import { firstOf } from "./align";
import { shiftsOf } from "./family";
import { holding, isWhole, panRange, seqAt, whole, xOf, zoomRange, type Range } from "./range";
import type { Session } from "./session";
import type { Side } from "./wire";
import { words } from "./words";

const TOP = 10;
const BAND = 20;
const DENSITY = 9;
const LANE = TOP + BAND + DENSITY;
const AXIS = 15;
/** Two ends of the axis need so much beside each other. */
const AXIS_ROOM = 200;

export class Timeline {
  readonly el: HTMLElement;
  private readonly canvas = h("canvas", { class: "tlw-strip" });
  private readonly hand = h("div", { class: "tlw-hand" });
  private readonly handB = h("div", { class: "tlw-hand tlw-handb" });
  private readonly tip = h("div", { class: "tlw-tip", attrs: { hidden: true } });
  private readonly box: HTMLElement;
  private readonly zooms: HTMLElement;
  private readonly palette = new Palette();
  private range: Range = { from: 0, to: 1 };
  private total = 0;
  private shifts = { a: 0, b: 0 };
  private width = 0;
  private asked = 0;

  constructor(private readonly session: Session, signal: AbortSignal) {
    const attrs = { role: "slider", tabindex: 0, "aria-label": "Place in the run", "aria-valuemin": 0, "aria-orientation": "horizontal" };
    this.box = h("div", { class: "tlw-timebox", attrs }, this.canvas, this.hand, this.handB, this.tip);
    this.zooms = h(
      "div",
      { class: "tlw-zooms", attrs: { role: "toolbar", "aria-label": "Timeline" } },
      iconButton(ICONS.minus, "Show more of the run (Ctrl wheel)", () => this.zoom(0.5)),
      iconButton(ICONS.plus, "Show less of the run (Ctrl wheel)", () => this.zoom(2)),
      iconButton(ICONS.fit, "Show all of the run (double click)", () => this.set(whole(this.total))),
    );
    this.el = h("div", { class: "tlw-timeline" }, this.box, this.zooms);
    this.listen(signal);
    const { bus } = session.store;
    bus.on(["track", "rows", "tree"], () => this.grow(), signal);
    bus.on(["track", "rows", "pins", "tree", "compare", "stand"], () => this.paintSoon(), signal);
    bus.on(["cursor", "track", "rows", "tree"], () => this.point(), signal);
  }

  private listen(signal: AbortSignal): void {
    this.box.addEventListener("pointerdown", (event) => this.onPointer(event), { signal });
    this.box.addEventListener("wheel", (event) => this.onWheel(event), { passive: false, signal });
    this.box.addEventListener("dblclick", () => this.set(whole(this.total)), { signal });
    this.box.addEventListener("pointermove", (event) => this.hover(event), { signal });
    this.box.addEventListener("pointerleave", () => (this.tip.hidden = true), { signal });
    this.box.addEventListener("keydown", (event) => this.onKey(event), { signal });
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(this.box);
    const themes = new MutationObserver(() => this.paintSoon());
    requestAnimationFrame(() => {
      const root = this.el.closest(".tlw");
      if (root && !signal.aborted) themes.observe(root, { attributeFilter: ["data-theme"] });
    });
    signal.addEventListener("abort", () => {
      observer.disconnect();
      themes.disconnect();
      cancelAnimationFrame(this.asked);
    });
  }

  private resize(): void {
    this.width = this.box.clientWidth;
    this.paintSoon();
    this.point();
  }

  /** The run has grown, or there is another: what was all of it is so again. */
  private grow(): void {
    const { a, b, tree } = this.session.store;
    this.shifts = a ? shiftsOf(a.info, b?.info, tree) : { a: 0, b: 0 };
    const total = Math.max((a?.total ?? 0) + this.shifts.a, (b?.total ?? 0) + this.shifts.b);
    if (total === this.total) return;
    const all = isWhole(this.range, this.total) || total < this.range.to;
    this.total = total;
    if (all) this.range = whole(total);
  }

  /** What is shown, in the facts of one track: a fork's begin where it left its parent. */
  private rangeOf(side: Side): Range {
    const shift = this.shifts[side];
    return { from: this.range.from - shift, to: this.range.to - shift };
  }

  private zoom(factor: number, at = this.session.store.cursor + this.shifts.a): void {
    this.set(zoomRange(this.range, factor, at, this.total));
  }

  private set(range: Range): void {
    this.range = range;
    this.paintSoon();
    this.point();
  }

  private paintSoon(): void {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.paint();
    });
  }

  /** Everything but the scrubber, which is an element of its own: moving it paints nothing. */
  private paint(): void {
    const { store, loader } = this.session;
    const lanes = store.b ? 2 : 1;
    const height = lanes * LANE + AXIS;
    this.width ||= this.box.clientWidth;
    const g = this.width ? this.canvas.getContext("2d") : null;
    if (!g || !store.a) return;
    const ratio = globalThis.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.height = `${height}px`;
    g.scale(ratio, ratio);
    const paints = this.paints();
    (["a", "b"] as const).slice(0, lanes).forEach((side, lane) => {
      const track = store.track(side);
      if (!track) return;
      const strip = { width: this.width, top: lane * LANE + TOP, band: BAND, density: DENSITY };
      const range = this.rangeOf(side);
      paintTrack(g, track, range, strip, this.palette, paints);
      this.paintMarks(g, side, strip.top - 1, paints);
      if (range.to - range.from <= this.width * 8) loader.show(side, Math.max(1, Math.floor(range.from) + 1), Math.min(track.total, Math.ceil(range.to)));
    });
    this.paintAxis(g, height, paints);
    this.zooms.classList.toggle("tlw-zoomed", !isWhole(this.range, this.total));
  }

  private paintMarks(g: CanvasRenderingContext2D, side: Side, y: number, paints: Paints): void {
    const { store } = this.session;
    const track = store.track(side);
    if (!track) return;
    const range = this.rangeOf(side);
    const put = (seq: number, shape: Parameters<typeof paintMark>[3], color: string): void => {
      const x = xOf(range, seq, this.width);
      if (x >= 0 && x <= this.width) paintMark(g, x, y, shape, color);
    };
    for (const seq of factsOf(track, "debug", range, this.width)) if (track.name(seq) === "paused") put(seq, "held", paints.warn);
    for (const node of store.tree) if (node.parent === track.run && node.at) put(node.at, "fork", paints.dim);
    if (side === "a") for (const seq of store.pinnedSeqs) put(seq, "pin", paints.accent);
    const first = store.compare ? firstOf(store.compare)[side === "a" ? 0 : 1] : 0;
    if (first && store.b) put(first, "first", paints.bad);
  }

  private paintAxis(g: CanvasRenderingContext2D, height: number, paints: Paints): void {
    g.font = `10.5px ${paints.font}`;
    g.fillStyle = paints.dim;
    g.textBaseline = "bottom";
    const { a } = this.session.store;
    const range = this.rangeOf("a");
    const first = Math.max(1, Math.floor(range.from) + 1);
    const last = Math.min(a?.total ?? 0, Math.ceil(range.to));
    if (last < first) return;
    const time = (seq: number): string => (a?.rows.has(seq) ? `  ${clock(a.at(seq))}` : "");
    const end = Math.min(this.width, xOf(range, last + 0.5, this.width));
    const start = Math.max(0, Math.min(end - AXIS_ROOM, xOf(range, first - 0.5, this.width)));
    g.textAlign = "left";
    g.fillText(`${first.toLocaleString("en")}${time(first)}`, start, height);
    g.textAlign = "right";
    if (end - start >= AXIS_ROOM) g.fillText(`${time(last).trim()}  ${last.toLocaleString("en")}`, end, height);
    g.textAlign = "left";
  }

  private paints(): Paints {
    const style = getComputedStyle(this.el);
    const color = (name: string): string => style.getPropertyValue(name).trim() || "#888";
    return {
      dark: this.el.closest<HTMLElement>("[data-theme]")?.dataset.theme === "dark",
      font: style.fontFamily || "sans-serif",
      line: color("--tlw-line"), text: color("--tlw-fg"), dim: color("--tlw-dim"),
      bad: color("--tlw-bad"), accent: color("--tlw-accent"), warn: color("--tlw-warn"),
    };
  }

  /** Put the scrubber where the cursor is. */
  private point(): void {
    const { store } = this.session;
    const { cursor, a } = store;
    const range = holding(this.range, Math.max(1, cursor) + this.shifts.a, Math.max(1, this.total));
    if (range !== this.range) {
      this.range = range;
      this.paintSoon();
    }
    const at = xOf(this.rangeOf("a"), cursor, this.width);
    this.hand.style.transform = `translateX(${at.toFixed(2)}px)`;
    this.handB.hidden = !store.b;
    const beside = store.sharesPast ? at : xOf(this.rangeOf("b"), store.cursorB, this.width);
    if (store.b) this.handB.style.transform = `translateX(${beside.toFixed(2)}px)`;
    this.box.setAttribute("aria-valuemax", String(a?.total ?? 0));
    this.box.setAttribute("aria-valuenow", String(cursor));
    this.box.setAttribute("aria-valuetext", a ? words(a, cursor) : "no run");
  }

  private sideAt(event: MouseEvent): Side {
    const y = event.clientY - this.box.getBoundingClientRect().top;
    return this.session.store.b && y > LANE ? "b" : "a";
  }

  /** The fact of a track at the pointer; 0 before its first, beyond its total after its last. */
  private seqAt(event: MouseEvent, side: Side): number {
    const x = event.clientX - this.box.getBoundingClientRect().left;
    return seqAt(this.rangeOf(side), x, this.width, Infinity);
  }

  private hover(event: PointerEvent): void {
    const { store } = this.session;
    const side = this.sideAt(event);
    const track = store.track(side);
    const seq = this.seqAt(event, side);
    this.tip.hidden = !track || seq < 1 || seq > track.total;
    if (this.tip.hidden || !track) return;
    this.tip.textContent = words(track, seq);
    const x = event.clientX - this.box.getBoundingClientRect().left;
    this.tip.style.transform = `translateX(${Math.max(0, Math.min(x - 20, this.width - this.tip.offsetWidth))}px)`;
  }

  private onPointer(down: PointerEvent): void {
    if (down.button !== 0) return;
    const { store, player } = this.session;
    const side = this.sideAt(down);
    const lift = new AbortController();
    const { signal } = lift;
    const start = { x: down.clientX, range: this.range };
    player.stop();
    this.box.setPointerCapture(down.pointerId);
    const move = (event: PointerEvent): void => {
      if (down.shiftKey) {
        const by = ((start.x - event.clientX) / Math.max(1, this.width)) * (start.range.to - start.range.from);
        this.set(panRange(start.range, by, this.total));
      } else if (side === "b" && this.seqAt(event, "b") > 0) store.goB(this.seqAt(event, "b"));
      else store.go(this.seqAt(event, "a"));
    };
    move(down);
    this.box.addEventListener("pointermove", move, { signal });
    this.box.addEventListener("pointerup", () => lift.abort(), { signal });
    this.box.addEventListener("pointercancel", () => lift.abort(), { signal });
  }

  /** With Ctrl, or when it has the focus, the wheel zooms; a wheel that goes sideways pans. */
  private onWheel(event: WheelEvent): void {
    const size = this.range.to - this.range.from;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = event.deltaX || event.deltaY;
      this.set(panRange(this.range, (by / Math.max(1, this.width)) * size, this.total));
    } else if (event.ctrlKey || event.metaKey || document.activeElement === this.box) {
      this.zoom(Math.exp(-event.deltaY / 300), this.seqAt(event, "a") + this.shifts.a);
    } else return;
    event.preventDefault();
  }

  private onKey(event: KeyboardEvent): void {
    const { store } = this.session;
    const page = Math.max(10, Math.round((this.range.to - this.range.from) / 10));
    if (event.key === "PageUp") store.go(store.cursor + page);
    else if (event.key === "PageDown") store.go(store.cursor - page);
    else if (event.key === "+" || event.key === "=") this.zoom(2);
    else if (event.key === "-") this.zoom(0.5);
    else if (event.key === "0") this.set(whole(this.total));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
