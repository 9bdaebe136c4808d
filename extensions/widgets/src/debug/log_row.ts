// One line of the log. Lines are made once and written again: scrolling makes no elements.

import { h, icon } from "../dom";
import { clock } from "../steps";
import { kindPath, MORE } from "./icons";
import type { Track } from "./track";
import { label, num, way } from "./words";

interface Cells {
  all: HTMLElement[];
  seq: HTMLElement;
  kind: HTMLElement;
  mark: SVGSVGElement;
  name: HTMLElement;
  dot: HTMLElement;
  way: HTMLElement;
  pin: HTMLElement;
  time: HTMLElement;
}

const made = new WeakMap<HTMLElement, Cells>();

/** Write fact `seq` into the line `el`. */
export function logRow(el: HTMLElement, track: Track, seq: number, pinned: boolean): void {
  const cells = cellsOf(el);
  const [from, to] = way(track, seq);
  const [name, kind, at] = [label(track, seq), track.kind(seq), track.at(seq)];
  cells.seq.textContent = num(seq);
  cells.kind.title = kind;
  const path = kindPath(kind);
  const line = cells.mark.firstElementChild;
  if (line?.getAttribute("d") !== path) line?.setAttribute("d", path);
  cells.name.textContent = name;
  cells.name.title = name;
  const changed = track.changed(seq);
  cells.dot.className = changed ? "tlw-dot" : "tlw-nodot";
  cells.dot.title = changed ? "changed data" : "";
  cells.way.textContent = from || to ? `${from} → ${to}` : "";
  cells.way.title = from || to ? `${from} → ${to}` : track.state(seq);
  cells.pin.hidden = !pinned;
  cells.time.textContent = clock(at);
  if (cells.all[0]?.parentElement !== el) el.replaceChildren(...cells.all);
}

function cellsOf(el: HTMLElement): Cells {
  const known = made.get(el);
  if (known) return known;
  const span = (cls: string, ...children: Node[]): HTMLElement => h("span", { class: cls }, ...children);
  const mark = icon("");
  const more = h("span", { class: "tlw-rowmore", attrs: { "aria-hidden": "true", title: "More (m)" } }, icon(MORE.dots));
  const cells = {
    seq: span("tlw-num tlw-logseq"), kind: span("tlw-kind", mark), mark, name: span("tlw-logname"), dot: span("tlw-nodot"),
    way: span("tlw-logway"), pin: span("tlw-pinned", icon(MORE.pin)), time: span("tlw-num tlw-dim tlw-logtime"),
  };
  const { seq, kind, name, dot, way: where, pin, time } = cells;
  const whole = { ...cells, all: [seq, kind, name, dot, where, pin, time, more] };
  made.set(el, whole);
  return whole;
}
