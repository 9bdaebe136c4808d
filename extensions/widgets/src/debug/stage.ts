// The picture of a track with the place that is looked at: classes change, the drawing never does.

import { Camera } from "../camera";
import { h, ICONS, iconButton, setAttr } from "../dom";
import { readPicture, transitionsOf, type Picture } from "../picture";
import { rove } from "../roving";
import { stateSearch } from "../search";
import type { Bus } from "./bus";
import type { DebugStore } from "./store";
import type { Track } from "./track";
import type { Side } from "./wire";
import { num } from "./words";

const SETTLED_MS = 90;

export interface Pressed {
  state?: string;
  arrow?: string[];
  at: MouseEvent;
}

export class Stage {
  readonly el: HTMLElement;
  /** Whether both ways are painted into this one picture. */
  both = false;
  private readonly bus: Bus;
  private readonly box: HTMLElement;
  private readonly title = h("div", { class: "tlw-stagetitle" });
  private readonly legend = h("div", { class: "tlw-legend", attrs: { hidden: true } },
    ...["both", "only A", "only B"].map((text, at) => h("span", { class: `tlw-way${at}` }, text)));
  private readonly marked = new Map<string, Set<SVGElement>>();
  private readonly camera: Camera;
  private readonly followButton: HTMLButtonElement;
  private picture: Picture | null = null;
  private search: { el: HTMLElement; open: () => void } | null = null;
  private shown = "";
  private follows = false;
  /** Whether a person chose what is in view. */
  private byHand = false;
  /** The state that is kept in view. */
  private watched = "";
  private settle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: DebugStore,
    private readonly side: Side,
    private readonly press: (pressed: Pressed) => void,
    signal: AbortSignal,
  ) {
    this.bus = store.bus;
    const attrs = { tabindex: 0, role: "application", "aria-label": "State diagram. Plus and minus zoom, 0 fits." };
    this.box = h("div", { class: "tlw-canvas", attrs });
    this.camera = new Camera(this.box, () => this.chooseView(false), signal);
    this.followButton = iconButton(ICONS.follow, "Keep the active state in view", () => this.chooseView(!this.follows));
    this.el = h("div", { class: "tlw-diagram tlw-stage" }, this.box, this.title, this.legend, this.tools());
    this.box.addEventListener("click", (event) => this.onClick(event), { signal });
    this.box.addEventListener("keydown", (event) => this.onKey(event), { signal });
    if (typeof ResizeObserver !== "undefined") {
      const observer = new ResizeObserver(() => this.fit());
      observer.observe(this.box);
      signal.addEventListener("abort", () => observer.disconnect());
    }
    this.bus.on(["track"], () => this.load(), signal);
    this.bus.on(["cursor", "track", "compare"], () => this.draw(), signal);
    this.bus.on(["stand", "track", "cursor"], () => this.drawStand(), signal);
    signal.addEventListener("abort", () => clearTimeout(this.settle));
  }

  /** Whether two of these pictures are larger beside than below each other. */
  fitsBeside(width: number, height: number): boolean {
    const { width: w, height: ht } = this.picture ?? { width: 1, height: 1 };
    return Math.min(width / 2 / w, height / ht) > Math.min(width / w, height / 2 / ht);
  }

  setBoth(on: boolean): void {
    this.both = on;
    this.draw();
  }

  private tools(): HTMLElement {
    const tools = h(
      "div",
      { class: "tlw-tools", attrs: { role: "toolbar", "aria-label": "Diagram" } },
      iconButton(ICONS.search, "Find a state", () => this.search?.open()),
      this.followButton,
      iconButton(ICONS.minus, "Zoom out (-)", () => this.camera.zoom(0.8)),
      iconButton(ICONS.plus, "Zoom in (+)", () => this.camera.zoom(1.25)),
      iconButton(ICONS.fit, "Fit (0)", () => {
        this.camera.fit();
        this.chooseView(false);
      }),
    );
    rove(tools, "button");
    return tools;
  }

  private load(): void {
    const track = this.store.track(this.side);
    const svg = track?.info.face.svg ?? "";
    if (svg === this.shown) return;
    this.shown = svg;
    this.marked.clear();
    this.picture = svg ? readPicture(svg) : null;
    this.search?.el.remove();
    if (!this.picture) {
      this.box.replaceChildren(h("p", { class: "tlw-empty" }, "There is no picture of this chart."));
      return;
    }
    const { picture } = this;
    const names = [...picture.states.keys()].map((id) => ({ id, title: track?.info.face.titles[id] ?? "" }));
    this.search = stateSearch(names, (id) => this.find(id));
    this.el.append(this.search.el);
    this.box.replaceChildren(picture.svg);
    this.byHand = false;
    this.fit();
  }

  /** Show all of the picture or, where that is too small to read, the active state. */
  private fit(): void {
    if (!this.picture || this.byHand || !this.box.clientWidth) return;
    this.camera.show(this.picture.svg, this.picture.width, this.picture.height);
    this.setFollow(this.camera.crowded);
  }

  private draw(): void {
    const { store, side } = this;
    const own = store.track(side);
    if (!own || !this.picture) return;
    const shares = side === "b" && store.sharesPast;
    const track = (shares ? store.a : own) ?? own;
    const seq = shares ? store.cursor : store.place(side);
    const marks = this.both && side === "a" ? store.compare?.marks : undefined;
    this.legend.hidden = !marks;
    this.markStates("tlw-atleft", marks?.left);
    this.markStates("tlw-atright", marks?.right);
    this.markStates("tlw-atboth", marks?.both);
    this.markStates("tl-visited", marks ? [] : track.visited(seq));
    const active = track.active(seq);
    this.markStates("tl-active", active);
    const inner = active.flatMap((id) => [...(this.picture?.states.get(id)?.querySelectorAll<SVGElement>(":scope.tl-leaf > .tl-inner") ?? [])]);
    this.mark("tl-inside-active", new Set(inner));
    this.markArrows("tl-taken", track.moved(seq) && !marks ? track.taken(seq) : []); // with marks its colour says "only B"
    const where = shares ? `as A until seq ${num(own.info.forked_at ?? 0)}` : `seq ${num(seq)}`;
    const text = store.b ? `${side.toUpperCase()}  ${own.run} · ${where}` : "";
    if (this.title.textContent !== text) this.title.textContent = this.title.title = text;
    if (this.follows) this.followSoon();
  }

  /** Breakpoints on states, and what the turn that is held would do. */
  private drawStand(): void {
    const { stand } = this.store;
    const mine = this.side === "a";
    // what is to come belongs to the end of the run, not to a place that lies behind
    const points = mine ? stand?.breakpoints.filter((one) => one.enabled) ?? [] : [];
    this.markStates("tlw-hasbp", points.flatMap((one) => one.spec.state ?? []));
    const held = mine && this.store.cursor === this.store.a?.total ? stand?.held : null;
    this.markArrows("tlw-coming", held?.preview?.moves.slice(held.micro).flatMap((move) => move.taken) ?? []);
  }

  private mark(name: string, after: Set<SVGElement>): void {
    const before = this.marked.get(name);
    if (!before && after.size === 0) return;
    for (const el of before ?? []) if (!after.has(el)) el.classList.remove(name);
    for (const el of after) if (!before?.has(el)) el.classList.add(name);
    this.marked.set(name, after);
  }

  private markStates(name: string, ids: Iterable<string> = []): void {
    const found = new Set<SVGElement>();
    for (const id of ids) {
      const el = this.picture?.states.get(id);
      if (el) found.add(el);
      else for (const arrow of this.picture?.transitions.get(id) ?? []) found.add(arrow);
    }
    this.mark(name, found);
  }

  private markArrows(name: string, ids: readonly string[]): void {
    this.mark(name, new Set(ids.flatMap((id) => this.picture?.transitions.get(id) ?? [])));
  }

  private chooseView(follow: boolean): void {
    this.byHand = true;
    this.setFollow(follow);
  }

  private setFollow(on: boolean): void {
    this.follows = on;
    setAttr(this.followButton, "aria-pressed", String(on));
    if (on) this.followSoon();
  }

  /** When the cursor rests: looking for a place on the screen in every frame would be slow. */
  private followSoon(): void {
    clearTimeout(this.settle);
    this.settle = setTimeout(() => {
      const shares = this.side === "b" && this.store.sharesPast;
      const track = this.store.track(shares ? "a" : this.side);
      if (track) this.watched = stateToWatch(track, shares ? this.store.cursor : this.store.place(this.side), this.watched);
      const el = this.picture?.states.get(this.watched);
      if (el && this.follows) this.camera.centre(el);
    }, SETTLED_MS);
  }

  private find(id: string): void {
    const el = this.picture?.states.get(id);
    if (!el) return;
    this.chooseView(false);
    this.camera.centre(el);
    this.mark("tl-found", new Set([el]));
    setTimeout(() => this.mark("tl-found", new Set()), 2500);
  }

  private onClick(event: MouseEvent): void {
    if (this.camera.dragged) return;
    const target = event.target as Element;
    const arrow = target.closest<SVGElement>("[data-transitions]");
    const state = target.closest<SVGElement>("[data-state]")?.dataset.state;
    if (arrow) this.press({ arrow: transitionsOf(arrow), at: event });
    else if (state) this.press({ state, at: event });
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.box) return;
    if (event.key.startsWith("Arrow") || !this.camera.key(event.key)) return; // arrows step, as everywhere
    event.preventDefault();
    event.stopPropagation();
  }
}

/** The state to keep in view: in parallel regions the one that moved last. */
export function stateToWatch(track: Track, seq: number, watched: string): string {
  const active = track.active(seq);
  const before = track.active(seq - 1);
  const entered = active.findLast((id) => !before.includes(id));
  const source = track.moved(seq) ? track.taken(seq).at(-1)?.replace(/#\d+$/, "") ?? "" : "";
  return entered ?? [source, watched].find((id) => active.includes(id)) ?? active.at(-1) ?? "";
}
