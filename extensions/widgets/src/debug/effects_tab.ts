// The effects up to the cursor: what was asked, what is under way, what came of it.

import { h, icon, ICONS } from "../dom";
import type { JsonObject } from "../wire";
import type { Desk } from "./actions";
import { short } from "./fact_card";
import { renew } from "./renew";
import type { Track } from "./track";
import { num, took } from "./words";

const MOST = 80;
const FAR = 20_000;

const STATES: Partial<Record<string, string>> = {
  "effect.started": "under way",
  "effect.progress": "under way",
  "effect.completed": "done",
  "effect.failed": "failed",
  "effect.cancelled": "cancelled",
  "effect.held": "waits",
};

export interface EffectLine {
  key: string;
  name: string;
  /** Which one of its kind: the function that is called, the line that is logged. */
  about: string;
  status: string;
  /** The fact that says so. */
  seq: number;
  started: number;
  path: string;
  result: string;
  us: number | undefined;
}

/** The last effects at a place, newest first; those whose page is not here have no path. */
export function effectsAt(track: Track, place: number): EffectLine[] {
  const found = new Map<string, EffectLine>();
  const wanted = new Set(track.info.tables.kinds.flatMap((kind, index) => (STATES[kind] ? [index] : [])));
  for (let seq = place; seq > Math.max(0, place - FAR) && found.size < MOST; seq--) {
    if (!track.rows.has(seq) || !wanted.has(track.rows.kind[seq - 1] ?? -1)) continue;
    const detail = track.pages.detail(seq);
    const key = detail?.path ?? `seq ${seq}`;
    const known = found.get(key);
    const begins = track.kind(seq) === "effect.started";
    if (known) {
      if (begins) known.started = seq;
      if (begins) known.about = aboutOf(detail?.effects?.[0]);
      continue;
    }
    found.set(key, {
      key, seq, name: track.name(seq), about: begins ? aboutOf(detail?.effects?.[0]) : "", status: STATES[track.kind(seq)] ?? "", started: begins ? seq : 0,
      path: detail?.path ?? "", us: detail?.duration_us,
      result: detail?.error ? `${detail.error.kind}: ${detail.error.message}` : detail?.result === undefined || detail.result === null ? "" : short(detail.result),
    });
  }
  return [...found.values()];
}

export class EffectsTab {
  readonly el: HTMLElement;
  private readonly body = h("div", { class: "tlw-lines" });
  private readonly asked = h("div", { class: "tlw-askedfor" });
  private shownAt = "";

  constructor(private readonly desk: Desk, signal: AbortSignal) {
    this.el = h("div", { class: "tlw-effectstab" }, this.asked, this.body);
    desk.session.store.bus.on(["cursor", "page", "rows", "track"], () => this.draw(), signal);
  }

  draw(): void {
    const { a: track, cursor } = this.desk.session.store;
    if (!track || this.el.closest("[hidden]")) return;
    const key = `${track.run}/${cursor}/${track.filled}/${String(track.pages.has(cursor))}`;
    if (key === this.shownAt && track.pages.has(cursor)) return;
    this.shownAt = key;
    const wishes = track.pages.detail(cursor)?.effects ?? [];
    this.asked.hidden = wishes.length === 0;
    this.asked.replaceChildren(h("h4", {}, `Asked for by seq ${num(cursor)}`), ...wishes.map(wishLine));
    const lines = effectsAt(track, cursor);
    renew(this.body, ...(lines.length ? lines.map((line) => this.line(line)) : [h("p", { class: "tlw-empty" }, "No effect up to here.")]));
  }

  private line(line: EffectLine): HTMLElement {
    const { store } = this.desk.session;
    const mark = line.status === "under way" ? h("span", { class: "tlw-spin tlw-quiet" }) : icon(line.status === "failed" ? ICONS.alert : "M3.500 8.500l3 3l6-7");
    const when = !line.us ? "" : took(line.us);
    const attrs = { type: "button", "data-status": line.status, title: `${line.name} ${line.path}: ${line.status}. Jump to seq ${line.seq}.` };
    return h("button", { class: "tlw-line", attrs, on: { click: () => store.go(line.seq) } },
      mark, h("b", {}, line.name), line.about && h("span", { class: "tlw-about" }, line.about), h("span", { class: "tlw-status" }, line.status),
      h("span", { class: "tlw-result" }, line.result),
      h("span", { class: "tlw-num tlw-dim" }, when), h("span", { class: "tlw-num tlw-dim" }, `seq ${line.started && line.started !== line.seq ? `${num(line.started)} – ` : ""}${num(line.seq)}`));
  }
}

/** The first word of a spec besides its kind. */
function aboutOf(spec: JsonObject | undefined): string {
  const found = Object.entries(spec ?? {}).find(([name, value]) => name !== "kind" && typeof value === "string");
  return found ? short(found[1]) : "";
}

function wishLine(spec: JsonObject): HTMLElement {
  const { kind, ...rest } = spec;
  return h("div", { class: "tlw-wish" }, h("b", {}, typeof kind === "string" ? kind : "effect"), " ", h("code", {}, short(rest)));
}
