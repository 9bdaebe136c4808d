// The page itself: the diagram, the slider through the run's steps, and what a step did.

import { h, ICONS, iconButton, setAttr } from "../dom";
import { readPicture, type Picture } from "../picture";
import type { Step, Story } from "./story";

const FIELDS = 6;
const LONGEST = 80;

export class View {
  readonly el: HTMLElement;
  private readonly title = h("span", { class: "ta-title" });
  private readonly badge = h("span", { class: "ta-badge", attrs: { role: "status" } });
  private readonly canvas = h("div", { class: "ta-canvas", attrs: { tabindex: 0 } });
  private readonly slider = h("input", { attrs: { type: "range", min: 0, step: 1, "aria-label": "Step" } });
  private readonly live = h("button", { class: "ta-live", attrs: { type: "button" } }, "Live");
  private readonly caption = h("div", { class: "ta-caption" });
  private readonly notice = h("div", { class: "ta-notice", attrs: { role: "note", hidden: true } });
  private readonly bar: HTMLElement;
  private picture: Picture | null = null;
  private readonly marked = new Map<string, Set<Element>>();
  private story: Story | null = null;
  private at = -1; // the step that is looked at; -1: the newest, as it comes

  constructor() {
    const back = iconButton(ICONS.left, "One step back", () => this.move(-1));
    const on = iconButton(ICONS.right, "One step on", () => this.move(1));
    this.bar = h("div", { class: "ta-bar", attrs: { hidden: true } }, back, this.slider, on, this.live);
    this.slider.addEventListener("input", () => this.look(Number(this.slider.value)));
    this.live.addEventListener("click", () => this.look(-1));
    const head = h("header", { class: "ta-head" }, this.title, this.badge);
    this.el = h("main", { class: "ta-page" }, head, this.canvas, this.bar, this.caption, this.notice);
    this.say("Waiting for a run.");
  }

  /** A sentence for the person; "" takes it away. */
  say(sentence: string): void {
    this.notice.textContent = sentence;
    setAttr(this.notice, "hidden", sentence === "");
  }

  /** Only words: for hosts that let the page read nothing. */
  words(id: string, machine: string, states: readonly string[]): void {
    this.title.textContent = [machine, id].filter(Boolean).join(" · ");
    this.canvas.replaceChildren(...states.map((one) => h("span", { class: "ta-state" }, one)));
    setAttr(this.canvas, "aria-label", `The run is in ${states.join(" and ")}`);
  }

  show(story: Story, svg: string): void {
    this.story = story;
    this.at = -1;
    this.marked.clear();
    this.picture = readPicture(svg.replace(/<style>[^]*?<\/style>/, "")); // the page has that style
    if (this.picture) {
      const { svg: drawn, width } = this.picture;
      for (const part of drawn.querySelectorAll(".tl-paper")) part.remove();
      drawn.style.maxWidth = `${width}px`;
      drawn.style.minWidth = `${Math.min(width, Math.max(280, width / 2))}px`;
      for (const name of ["tl-active", "tl-visited", "tl-taken"]) {
        for (const el of drawn.querySelectorAll(`.${name}`)) el.classList.remove(name);
      }
      for (const el of drawn.querySelectorAll(".tl-inside-active")) el.classList.remove("tl-inside-active");
    }
    this.canvas.replaceChildren(this.picture?.svg ?? "There is no picture of this machine.");
    this.title.textContent = `${story.machine} · ${story.id}`;
    this.say(story.skipped ? `The first ${story.skipped.toLocaleString()} facts are not shown.` : "");
    this.refresh();
  }

  /** Show what came since, unless the person looks at an earlier step. */
  refresh(): void {
    const story = this.story;
    const last = (story?.steps.length ?? 0) - 1;
    if (!story || last < 0) return;
    setAttr(this.bar, "hidden", last < 1);
    this.slider.max = String(last);
    const index = this.at < 0 ? last : Math.min(this.at, last);
    this.slider.value = String(index);
    const newest = this.at < 0;
    setAttr(this.live, "aria-pressed", String(newest));
    const step = story.steps[index];
    if (!step) return;
    setAttr(this.slider, "aria-valuetext", `seq ${step.seq}, in ${step.state.join(" and ")}`);
    this.badge.textContent = newest ? (story.done ? "done" : "live") : `seq ${step.seq}`;
    this.badge.dataset.kind = newest ? (story.done ? "done" : "live") : "past";
    this.mark(step, story.steps.slice(0, index + 1));
    this.caption.replaceChildren(...captionOf(step));
    setAttr(this.canvas, "aria-label", `State diagram of ${story.machine}, in ${step.state.join(" and ")}`);
  }

  private look(index: number): void {
    const last = (this.story?.steps.length ?? 0) - 1;
    this.at = index >= last ? -1 : index;
    this.refresh();
  }

  private move(by: number): void {
    const last = (this.story?.steps.length ?? 0) - 1;
    this.look(Math.max(0, (this.at < 0 ? last : this.at) + by));
  }

  private mark(step: Step, way: readonly Step[]): void {
    const picture = this.picture;
    if (!picture) return;
    const states = (ids: Iterable<string>): SVGElement[] => [...ids].flatMap((id) => picture.states.get(id) ?? []);
    const active = states(step.active);
    this.put("tl-active", active);
    this.put("tl-visited", states(new Set(way.flatMap((one) => one.active))));
    this.put("tl-taken", step.taken.flatMap((id) => picture.transitions.get(id) ?? []));
    this.put("tl-inside-active", active.flatMap((el) => [...el.querySelectorAll(":scope.tl-leaf > .tl-inner")]));
    const leaf = states(step.state)[0];
    if (leaf && this.canvas.scrollWidth > this.canvas.clientWidth) {
      leaf.scrollIntoView({ block: "nearest", inline: "center" });
    }
  }

  private put(name: string, elements: readonly Element[]): void {
    const after = new Set(elements);
    for (const el of this.marked.get(name) ?? []) if (!after.has(el)) el.classList.remove(name);
    for (const el of after) el.classList.add(name);
    this.marked.set(name, after);
  }
}

function captionOf(step: Step): HTMLElement[] {
  const when = new Date(step.at);
  const time = Number.isNaN(when.getTime()) ? step.at : when.toLocaleTimeString();
  const line = h(
    "div", {},
    h("span", { class: "ta-soft" }, `seq ${step.seq} · ${time} · `),
    step.event ? h("code", {}, step.event) : "started",
    " → ",
    h("b", {}, step.state.join(" & ")),
  );
  const changed = Object.entries(step.changed);
  const shown = changed.slice(0, FIELDS).map(([name, value]) => `${name} = ${short(value)}`);
  if (changed.length > FIELDS) shown.push(`and ${changed.length - FIELDS} more`);
  return shown.length ? [line, h("div", { class: "ta-soft ta-fields" }, shown.join(", "))] : [line];
}

function short(value: unknown): string {
  const said = JSON.stringify(value) as string | undefined;
  return said === undefined ? "" : said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said;
}
