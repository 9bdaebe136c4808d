// The picture of the chart with the run's place in it: classes change, the drawing never does.

import { Camera } from "./camera";
import { h, ICONS, iconButton, setAttr } from "./dom";
import { readPicture, transitionsOf, type Picture } from "./picture";
import { rove } from "./roving";
import { stateSearch } from "./search";
import type { RunStore } from "./store";
import type { Now } from "./wire";

const TAKEN_MS = 1600;
const FOUND_MS = 2500;
const MIN_HEIGHT = 190;
const MAX_HEIGHT = 460;
const MARGIN = 28;

/** `press` does what a click on the event's button does. */
export function diagram(
  store: RunStore, press: (event: string) => void, signal: AbortSignal,
): HTMLElement {
  const picture = readPicture(store.face.svg);
  if (!picture) return h("div", { class: "tlw-section tlw-empty" }, "There is no picture of this chart.");
  return new Diagram(store, picture, press, signal).el;
}

class Diagram {
  readonly el: HTMLElement;
  private readonly box: HTMLElement;
  private readonly camera: Camera;
  private readonly followButton: HTMLButtonElement;
  private readonly marked = new Map<string, Set<SVGElement>>();
  private readonly openSearch: () => void;
  private follows = false;
  private followed: readonly string[] = [];
  private takenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: RunStore,
    private readonly picture: Picture,
    private readonly press: (event: string) => void,
    signal: AbortSignal,
  ) {
    const label = `State diagram of ${store.face.machine}. Arrow keys move, plus and minus zoom, 0 fits.`;
    const attrs = { tabindex: 0, role: "application", "aria-label": label };
    this.box = h("div", { class: "tlw-canvas", attrs }, picture.svg);
    this.camera = new Camera(this.box, () => this.setFollow(false), signal);
    this.followButton = iconButton(ICONS.follow, "Follow the active state (f)", () => this.setFollow(!this.follows));
    const names = [...picture.states.keys()].map((id) => ({ id, title: store.face.titles[id] ?? "" }));
    const search = stateSearch(names, (id) => this.find(id));
    this.openSearch = search.open;
    this.el = h("div", { class: "tlw-diagram" }, this.box, this.tools(), search.el);
    this.box.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.box.addEventListener("click", (event) => this.onClick(event), { signal });
    const height = Math.min(MAX_HEIGHT, Math.max(MIN_HEIGHT, picture.height + MARGIN));
    this.box.style.minHeight = `${height}px`;
    requestAnimationFrame(() => this.start(signal));
  }

  private tools(): HTMLElement {
    const fit = (): void => {
      this.camera.fit();
      this.setFollow(false);
    };
    const tools = h(
      "div",
      { class: "tlw-tools", attrs: { role: "toolbar", "aria-label": "Diagram" } },
      iconButton(ICONS.search, "Find a state (/)", this.openSearch),
      this.followButton,
      iconButton(ICONS.minus, "Zoom out (-)", () => this.camera.zoom(0.8)),
      iconButton(ICONS.plus, "Zoom in (+)", () => this.camera.zoom(1.25)),
      iconButton(ICONS.fit, "Fit (0)", fit),
    );
    rove(tools, "button");
    return tools;
  }

  private start(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.camera.show(this.picture.svg, this.picture.width, this.picture.height);
    this.setFollow(this.camera.crowded);
    this.store.watch((now, changed) => {
      if (changed.has("visited")) this.markStates("tl-visited", now.visited);
      if (changed.has("active")) this.markActive(now);
      if (changed.has("arrows")) this.markArrows(now);
      if (changed.has("taken") || changed.has("seq")) this.showTaken(now);
      if (changed.has("status")) this.box.classList.toggle("tlw-ended", now.status !== "running");
      if (changed.has("active") && this.follows) this.follow();
    }, signal);
  }

  private mark(name: string, after: Set<SVGElement>): void {
    const before = this.marked.get(name) ?? new Set();
    for (const el of before) if (!after.has(el)) el.classList.remove(name);
    for (const el of after) if (!before.has(el)) el.classList.add(name);
    this.marked.set(name, after);
  }

  private markStates(name: string, ids: readonly string[]): void {
    this.mark(name, new Set(ids.flatMap((id) => this.picture.states.get(id) ?? [])));
  }

  private markActive(now: Now): void {
    this.markStates("tl-active", now.active);
    const inner = now.active.flatMap((id) => [...(this.picture.states.get(id)?.querySelectorAll<SVGElement>(":scope.tl-leaf > .tl-inner") ?? [])]);
    this.mark("tl-inside-active", new Set(inner));
  }

  private markArrows(now: Now): void {
    const arrows = Object.entries(now.arrows);
    const find = (wanted: boolean): Set<SVGElement> =>
      new Set(arrows.flatMap(([id, event]) => ((event === "!") === wanted ? this.picture.transitions.get(id) ?? [] : [])));
    const enabled = find(false);
    this.mark("tl-enabled", enabled);
    this.mark("tl-disabled", new Set([...find(true)].filter((el) => !enabled.has(el))));
  }

  private showTaken(now: Now): void {
    clearTimeout(this.takenTimer);
    this.mark("tl-taken", new Set()); // so that an arrow taken twice is seen twice
    this.mark("tl-taken", new Set(now.taken.flatMap((id) => this.picture.transitions.get(id) ?? [])));
    this.takenTimer = setTimeout(() => this.mark("tl-taken", new Set()), TAKEN_MS);
  }

  private setFollow(on: boolean): void {
    this.follows = on;
    setAttr(this.followButton, "aria-pressed", String(on));
    if (on) this.follow();
  }

  /** Look at the state that was entered last: in parallel regions the one that moved. */
  private follow(): void {
    const { active } = this.store.now;
    const leaf = active.findLast((id) => !this.followed.includes(id)) ?? active.at(-1);
    this.followed = active;
    const el = leaf === undefined ? undefined : this.picture.states.get(leaf);
    if (el) this.camera.centre(el);
  }

  private find(id: string): void {
    const el = this.picture.states.get(id);
    if (!el) return;
    this.setFollow(false);
    this.camera.centre(el);
    this.mark("tl-found", new Set([el]));
    setTimeout(() => this.mark("tl-found", new Set()), FOUND_MS);
    this.box.focus({ preventScroll: true });
  }

  /** A click on an arrow that can be taken now sends its event. */
  private onClick(event: MouseEvent): void {
    const arrow = (event.target as Element).closest<SVGElement>("[data-transitions]");
    if (!arrow || this.camera.dragged) return;
    const ready = transitionsOf(arrow).map((id) => this.store.now.arrows[id]).find((name) => name && name !== "!");
    if (ready) this.press(ready);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.box) return;
    if (event.key === "f") this.setFollow(!this.follows);
    else if (!this.camera.key(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }
}
