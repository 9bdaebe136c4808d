// The effects up to the cursor as a tree: what was asked, what is under way there, what came of it.

import { h } from "../dom";
import { Lane } from "../effects/lane";
import { filtered } from "../effects/lines";
import { countsText, leavesOf, STATE_WORDS, type Branch, type State } from "../effects/model";
import { growForest } from "../effects/tree";
import { rove } from "../roving";
import type { EffectRow, JsonObject } from "../wire";
import type { Desk } from "./actions";
import { effectsAt } from "./effects_at";
import { short } from "./fact_card";
import { num } from "./words";

const MOST_ASKED = 2;
const CHIPS: readonly State[] = ["running", "asks", "done", "failed", "cancelled", "undone"];

export class EffectsTab {
  readonly el: HTMLElement;
  private readonly lane: Lane;
  private readonly states = new Set<State>();
  private readonly sum = h("span", { class: "tlw-place" });
  private readonly empty = h("p", { class: "tlw-empty" });
  private readonly asked = h("div", { class: "tlw-askedfor" });
  private shownAt = "";

  constructor(private readonly desk: Desk, signal: AbortSignal) {
    const { store } = desk.session;
    const atEnd = (): boolean => store.drivable && store.cursor === store.a?.total;
    const answer = (path: string, what: string): void => void desk.session.ask("answer", { path, answer: what });
    this.lane = new Lane({
      now: () => (atEnd() ? Date.now() : store.a?.at(store.cursor) ?? 0), ticks: atEnd,
      answer: () => (atEnd() ? answer : undefined), look: (branch) => this.look(branch),
    }, signal);
    this.el = h("div", { class: "tlw-effectstab" }, h("div", { class: "tlw-logbar" }, this.chips(), this.sum), this.asked, this.lane.el, this.empty);
    store.bus.on(["cursor", "page", "rows", "track", "stand"], () => this.draw(), signal);
  }

  draw(): void {
    const { a: track, cursor, drivable } = this.desk.session.store;
    if (!track || this.el.closest("[hidden]")) return;
    const key = [track.run, cursor, track.filled, track.pages.came, drivable, cursor === track.total, ...this.states].join("/");
    if (key === this.shownAt) return;
    this.shownAt = key;
    const wishes = track.pages.detail(cursor)?.effects ?? [];
    const asks = wishes.length > 0 && !track.path(cursor);
    this.asked.hidden = !asks;
    this.asked.replaceChildren(h("h4", {}, `Asked for by seq ${num(cursor)}`), ...wishes.map(wishLine));
    const shown = effectsAt(track, cursor);
    const forest = growForest(shown, cursor < track.total || drivable);
    const some = this.states.size > 0;
    const chosen = some ? filtered(forest, this.states) : forest;
    this.sum.textContent = countsText(leavesOf(forest));
    this.lane.draw(chosen, some ? null : shown.cut[""] ?? null, some);
    this.bring(Object.values(shown.rows));
    this.empty.hidden = chosen.length > 0;
    this.empty.textContent = forest.length ? "No effect is like this." : "No effect up to here.";
  }

  /** Have at hand what those asked for that are shown without it. */
  private bring(rows: readonly EffectRow[]): void {
    const { store, loader } = this.desk.session;
    const missing = rows.filter(({ spec, start = 0 }) => !spec && start > 0 && !(store.a?.pages.has(start) ?? true));
    for (const { start = 0 } of missing.slice(0, MOST_ASKED)) void loader.have("a", start);
  }

  /** Go to the fact that says how it stands, and have at hand what it says. */
  private look(branch: Branch): void {
    const { store, loader } = this.desk.session;
    const seq = branch.row?.seq ?? 0;
    if (!seq) return;
    store.go(seq);
    void loader.have("a", seq);
  }

  private chips(): HTMLElement {
    const box = h("div", { class: "tlw-filterchips", attrs: { role: "group", "aria-label": "Show only" } });
    for (const state of CHIPS) {
      const chip = h("button", { class: "tlw-filterchip", attrs: { type: "button", "aria-pressed": "false" } }, STATE_WORDS[state]);
      chip.addEventListener("click", () => {
        if (!this.states.delete(state)) this.states.add(state);
        chip.setAttribute("aria-pressed", String(this.states.has(state)));
        this.draw();
      });
      box.append(chip);
    }
    rove(box, "button");
    return box;
  }
}

function wishLine(spec: JsonObject): HTMLElement {
  const { kind, ...rest } = spec;
  return h("div", { class: "tlw-wish" }, h("b", {}, typeof kind === "string" ? kind : "effect"), " ", h("code", {}, short(rest)));
}
