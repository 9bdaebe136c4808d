// Paint a run onto a strip of a canvas: a band of its states, how quickly facts came, what went wrong.

import { xOf, type Range } from "./range";
import type { Track } from "./track";

const HUES = [214, 158, 36, 276, 190, 340, 96, 246, 56, 310, 14, 128];
/** Per pixel at most this many facts are looked at one by one. */
const SAMPLE = 48;
const LABEL_ROOM = 10;

export interface Paints {
  dark: boolean;
  font: string;
  line: string;
  text: string;
  dim: string;
  bad: string;
  accent: string;
  warn: string;
}

export interface Strip {
  width: number;
  top: number;
  band: number;
  density: number;
}

/** One colour per state text, the same on both tracks. */
export class Palette {
  private readonly known = new Map<string, number>();

  fill(text: string, dark: boolean): string {
    let index = this.known.get(text);
    if (index === undefined) this.known.set(text, (index = this.known.size));
    const hue = HUES[index % HUES.length] ?? 0;
    const shift = Math.floor(index / HUES.length) * 7;
    return dark ? `hsl(${hue} 34% ${34 + (shift % 14)}%)` : `hsl(${hue} 58% ${80 - (shift % 14)}%)`;
  }
}

interface Block {
  x: number;
  width: number;
  text: string;
}

export function paintTrack(
  g: CanvasRenderingContext2D, track: Track, range: Range, strip: Strip, palette: Palette, paints: Paints,
): void {
  const blocks = blocksOf(track, range, strip.width);
  for (const block of blocks) {
    g.fillStyle = block.text ? palette.fill(block.text, paints.dark) : paints.line;
    g.globalAlpha = block.text ? 1 : 0.4;
    g.fillRect(block.x, strip.top, block.width, strip.band);
  }
  g.globalAlpha = 1;
  paintSeams(g, track, range, strip, paints);
  paintLabels(g, blocks, strip, paints);
  paintDensity(g, track, range, strip, paints);
  paintBad(g, track, range, strip, paints);
}

/** Runs of the same state, in pixels. */
function blocksOf(track: Track, range: Range, width: number): Block[] {
  const blocks: Block[] = [];
  const size = range.to - range.from;
  const bucketText = bucketReader(track);
  for (let x = 0; x < width; x++) {
    const last = Math.min(track.total, Math.ceil(range.from + ((x + 1) / width) * size));
    const first = Math.ceil(range.from + (x / width) * size + 1e-9);
    if (first > track.total) break;
    if (last < 1) continue; // a fork begins later
    const text = track.rows.has(last) ? track.state(last) || "–" : bucketText(last);
    const before = blocks.at(-1);
    if (before?.text === text) before.width += 1;
    else blocks.push({ x, width: 1, text });
  }
  return blocks;
}

/** What the overview says of facts that are not here yet. */
function bucketReader(track: Track): (seq: number) => string {
  const buckets = track.info.overview?.buckets ?? [];
  let at = 0;
  return (seq) => {
    while (at < buckets.length - 1 && (buckets[at + 1]?.seq ?? Infinity) <= seq) at += 1;
    const state = buckets[at]?.state ?? -1;
    return state < 0 ? "" : track.stateText(state);
  };
}

/** Where facts are wide, a thin line between them. */
function paintSeams(g: CanvasRenderingContext2D, track: Track, range: Range, strip: Strip, paints: Paints): void {
  const wide = strip.width / (range.to - range.from);
  if (wide < 7) return;
  g.fillStyle = paints.dark ? "rgb(0 0 0 / 35%)" : "rgb(255 255 255 / 75%)";
  for (let seq = Math.max(0, Math.ceil(range.from)); seq <= Math.min(track.total, range.to); seq++) {
    g.fillRect(Math.round((seq - range.from) * wide), strip.top, 1, strip.band);
  }
}

function paintLabels(g: CanvasRenderingContext2D, blocks: readonly Block[], strip: Strip, paints: Paints): void {
  g.font = `500 10.5px ${paints.font}`;
  g.fillStyle = paints.text;
  g.textBaseline = "middle";
  for (const block of blocks) {
    if (block.width < 34 || !block.text) continue;
    if (g.measureText(block.text).width + LABEL_ROOM <= block.width) g.fillText(block.text, block.x + LABEL_ROOM / 2, strip.top + strip.band / 2 + 0.5);
  }
}

/** How quickly facts came, on a scale of orders of magnitude. */
function paintDensity(g: CanvasRenderingContext2D, track: Track, range: Range, strip: Strip, paints: Paints): void {
  const step = 3;
  const size = range.to - range.from;
  if (!track.hasAll(Math.max(1, Math.floor(range.from) + 1), Math.min(track.total, Math.ceil(range.to)))) return; // a part would mislead
  g.fillStyle = paints.dim;
  g.globalAlpha = 0.45;
  for (let x = 0; x < strip.width; x += step) {
    if (range.from + (x / strip.width) * size >= track.total) break;
    const last = Math.min(track.total, Math.ceil(range.from + ((x + step) / strip.width) * size));
    const first = Math.max(1, Math.min(last - 1, Math.floor(range.from + (x / strip.width) * size)));
    if (last <= first || !track.rows.has(first) || !track.rows.has(last)) continue;
    const seconds = Math.max(1e-6, (track.at(last) - track.at(first)) / 1000);
    const share = Math.min(1, Math.max(0.06, (Math.log10((last - first) / seconds) + 1) / 5));
    const height = share * (strip.density - 2);
    g.fillRect(x, strip.top + strip.band + strip.density - height, step - 1, height);
  }
  g.globalAlpha = 1;
}

function paintBad(g: CanvasRenderingContext2D, track: Track, range: Range, strip: Strip, paints: Paints): void {
  g.fillStyle = paints.bad;
  let before = -9;
  const tick = (x: number): void => {
    if (x - before < 2) return;
    before = x;
    g.fillRect(Math.round(x) - 1, strip.top + strip.band - 6, 2, 9);
  };
  const from = Math.max(1, Math.floor(range.from));
  for (const seq of track.rows.badIn(from, Math.min(track.total, Math.ceil(range.to)))) tick(xOf(range, seq, strip.width));
  before = -9;
  for (const bucket of track.info.overview?.buckets ?? []) {
    const seq = bucket.seq + bucket.count / 2;
    if (bucket.bad && seq >= range.from && seq <= range.to && !track.rows.has(bucket.seq)) tick(xOf(range, seq, strip.width));
  }
}

/** A small mark above the band: a pin, a fork, a place where it was held. */
export function paintMark(g: CanvasRenderingContext2D, x: number, y: number, shape: "pin" | "fork" | "held" | "first", color: string): void {
  g.fillStyle = color;
  g.strokeStyle = color;
  g.lineWidth = 1.5;
  g.beginPath();
  if (shape === "pin") {
    g.moveTo(x - 4, y - 7);
    g.lineTo(x + 4, y - 7);
    g.lineTo(x, y);
    g.fill();
  } else if (shape === "fork") {
    g.moveTo(x, y);
    g.lineTo(x, y - 3);
    g.lineTo(x - 3.5, y - 7);
    g.moveTo(x, y - 3);
    g.lineTo(x + 3.5, y - 7);
    g.stroke();
  } else if (shape === "held") {
    g.fillRect(x - 3, y - 7, 2, 6);
    g.fillRect(x + 1, y - 7, 2, 6);
  } else {
    g.moveTo(x, y - 8);
    g.lineTo(x + 4, y - 4);
    g.lineTo(x, y);
    g.lineTo(x - 4, y - 4);
    g.fill();
  }
}

/** The facts of a kind in a range; where there are too many to look at, none. */
export function* factsOf(track: Track, kind: string, range: Range, width: number): Generator<number> {
  const index = track.info.tables.kinds.indexOf(kind);
  const [from, to] = [Math.max(1, Math.ceil(range.from)), Math.min(track.total, Math.ceil(range.to))];
  if (index < 0 || to - from > width * SAMPLE) return;
  for (let seq = from; seq <= to; seq++) if (track.rows.kind[seq - 1] === index) yield seq;
}

