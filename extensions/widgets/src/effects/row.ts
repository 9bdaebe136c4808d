// One line of the lane: what it is, how it stands in an icon and in words, how far it is, how long it took.

import { h, icon, ICONS, setAttr, type Child } from "../dom";
import { detailsOf } from "./details";
import type { Line } from "./lines";
import { countsText, isOpen, STATE_WORDS, type Branch, type State } from "./model";
import type { Json } from "../wire";
import { spanOf } from "./words";

/** A time that cannot be: the clocks differ, or time is told. */
const NEVER = 30 * 86_400_000;
const PATHS: Partial<Record<State, string>> = {
  done: "M3.500 8.500l3 3l6-7", failed: ICONS.close, cancelled: "M4 12L12 4", cut: "M4 12L12 4", undone: "M6 4L3 7l3 3M3 7h7a3 3 0 0 1 0 6H8",
  waiting: ICONS.clock, asks: ICONS.help,
};

export type Answer = (path: string, answer: string) => void;

/** What a row is drawn from, besides its line. */
export interface Setting {
  /** The time until which what is under way is counted. */
  now: number;
  answer: Answer | undefined;
  opened: boolean;
  more(path: string): void;
}

export class LaneRow {
  readonly el = h("div", { class: "tlw-fx", attrs: { role: "treeitem", tabindex: -1 } });
  line: Line;
  private readonly main = h("div", { class: "tlw-fxmain" });
  private readonly time = h("span", { class: "tlw-num tlw-dim tlw-fxtime" });
  private shown = "";
  private details = "";

  constructor(line: Line) {
    this.line = line;
    this.el.append(this.main);
  }

  draw(line: Line, setting: Setting): void {
    this.line = line;
    const { branch } = line;
    this.place(line);
    if (!branch) this.drawMore(line, setting);
    else this.drawBranch(branch, setting);
  }

  /** Count on, where it is under way. */
  tick(now: number): void {
    const { branch } = this.line;
    const text = branch ? timeOf(branch, now) : "";
    if (this.time.textContent !== text) this.time.textContent = text;
  }

  private place({ level, place, size, expanded }: Line): void {
    const { el } = this;
    setAttr(el, "aria-level", level);
    setAttr(el, "aria-posinset", place);
    setAttr(el, "aria-setsize", size);
    setAttr(el, "aria-expanded", expanded === undefined ? undefined : String(expanded));
    el.style.setProperty("--tlw-level", String(level - 1));
  }

  private drawMore({ more, left, key }: Line, setting: Setting): void {
    const away = left ? countsText(left) : "";
    const text = `${more}/${away}`;
    if (text === this.shown) return;
    this.shown = text;
    const button = more > 0 && h("button", { class: "tlw-link", attrs: { type: "button", tabindex: -1 }, on: { click: () => setting.more(key.slice(0, -"/more".length)) } }, `show ${Math.min(more, 100).toLocaleString("en")} more of ${more.toLocaleString("en")}`);
    this.main.replaceChildren(twist(undefined), ...children(button, away && h("span", { class: "tlw-dim", attrs: { title: "run.effects() has them all" } }, `${away}, not listed`)));
    this.el.setAttribute("aria-label", `${more ? `${more} more. ` : ""}${away ? `${away}, not listed` : ""}`);
  }

  private drawBranch(branch: Branch, setting: Setting): void {
    const { row, state, word, about, count, fraction } = branch;
    const starts = row && row.starts > 1 ? `started ${row.starts} times` : "";
    const said = state === "failed" && row?.error ? row.error.message : isOpen(state) ? row?.question ?? row?.message ?? "" : row?.result === undefined || branch.children.length > 0 ? "" : answerOf(row.result);
    const asks = state === "asks" && row !== null && setting.answer !== undefined && row.status === "asks";
    const key = [word, about, count, state, fraction ?? typeof fraction, starts, said, asks, this.line.expanded, setting.opened].join("\0");
    if (key !== this.shown) {
      this.shown = key;
      this.el.dataset.state = state;
      this.main.replaceChildren(
        twist(this.line.expanded), markOf(state), h("b", {}, word), ...children(about && h("span", { class: "tlw-fxabout" }, about), count && h("span", { class: "tlw-fxcount" }, count)),
        ...children(isOpen(state) && barOf(fraction, said), said && h("span", { class: "tlw-fxsaid", attrs: { title: said } }, said), starts && h("span", { class: "tlw-dim" }, starts)),
        h("span", { class: "tlw-grow" }), ...(asks ? buttons(row.path, setting.answer) : []), h("span", { class: "tlw-fxstate" }, STATE_WORDS[state]), this.time,
      );
      setAttr(this.el, "aria-label", [word, about, count, STATE_WORDS[state], typeof fraction === "number" && isOpen(state) ? `${Math.round(fraction * 100)} percent` : "", said, starts].filter(Boolean).join(", "));
    }
    this.tick(setting.now);
    this.drawDetails(branch, setting.opened);
  }

  private drawDetails(branch: Branch, opened: boolean): void {
    const key = opened ? JSON.stringify([branch.row, branch.spec, branch.state]) : "";
    if (key === this.details) return;
    this.details = key;
    this.el.replaceChildren(this.main, ...children(opened && detailsOf(branch)));
  }
}

/** What it answered, in a few characters; the details have more. */
function answerOf(result: Json): string {
  const text = typeof result === "string" ? result : JSON.stringify(result);
  return result === null ? "" : `→ ${text.length > 160 ? `${text.slice(0, 160)}…` : text}`;
}

function twist(expanded: boolean | undefined): HTMLElement {
  return h("span", { class: "tlw-fxtwist", attrs: { "aria-hidden": "true" } }, expanded === undefined ? "" : expanded ? "▾" : "▸");
}

function markOf(state: State): Node {
  const path = PATHS[state];
  return path ? icon(path) : h("span", { class: "tlw-spin tlw-quiet" });
}

/** A bar that is filled as far as is known; where only a message came, it moves. */
function barOf(fraction: number | null | undefined, message: string): HTMLElement | null {
  if (fraction === undefined || (fraction === null && !message)) return null;
  const part = h("i");
  if (fraction !== null) part.style.width = `${Math.round(fraction * 100)}%`;
  const attrs = { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": fraction === null ? undefined : Math.round(fraction * 100), title: fraction === null ? undefined : `${Math.round(fraction * 100)} %` };
  return h("span", { class: fraction === null ? "tlw-fxbar tlw-fxmoves" : "tlw-fxbar", attrs }, part);
}

function buttons(path: string, answer: Answer | undefined): HTMLElement[] {
  const one = (label: string, what: string, title: string): HTMLElement =>
    h("button", { class: "tlw-btn tlw-small", attrs: { type: "button", title, "aria-label": `${label} ${path}` }, on: { click: () => answer?.(path, what) } }, label);
  return [one("Repeat", "repeat", "Perform it again"), one("Fail", "fail", "Let it have failed")];
}

function timeOf(branch: Branch, now: number): string {
  const { began, ended, state } = branch;
  if (!began || state === "cut") return "";
  const took = (isOpen(state) ? now : ended ?? began) - began;
  return took < 0 || took > NEVER ? "" : spanOf(took);
}

function children(...all: Child[]): (Node | string)[] {
  return all.filter((child): child is Node | string => Boolean(child));
}
