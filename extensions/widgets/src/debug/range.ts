// Which part of a run a timeline shows, and where on it a fact lies. Fact s fills (s - 1, s].

export interface Range {
  from: number;
  to: number;
}

const LEAST = 8;

/** All of a run. */
export function whole(total: number): Range {
  return { from: 0, to: Math.max(1, total) };
}

/** Zoom by `factor` about the place `at`, inside the run. */
export function zoomRange(range: Range, factor: number, at: number, total: number): Range {
  const size = range.to - range.from;
  const next = Math.min(Math.max(1, total), Math.max(Math.min(LEAST, total), size / factor));
  const share = (at - range.from) / size;
  return inside({ from: at - share * next, to: at + (1 - share) * next }, total);
}

export function panRange(range: Range, by: number, total: number): Range {
  return inside({ from: range.from + by, to: range.to + by }, total);
}

/** Keep a place in view: moved no further than needed, and then with some way ahead. */
export function holding(range: Range, seq: number, total: number): Range {
  const size = range.to - range.from;
  if (seq - 1 >= range.from && seq <= range.to) return range;
  const from = seq > range.to ? seq - size * 0.8 : seq - size * 0.2;
  return inside({ from, to: from + size }, total);
}

export function isWhole(range: Range, total: number): boolean {
  return range.to - range.from >= Math.max(1, total);
}

/** Where on `width` pixels the middle of fact `seq` lies; 0 lies at the beginning. */
export function xOf(range: Range, seq: number, width: number): number {
  const place = seq <= 0 ? 0 : seq - 0.5;
  return ((place - range.from) / (range.to - range.from)) * width;
}

/** The fact at `x`. */
export function seqAt(range: Range, x: number, width: number, total: number): number {
  const place = range.from + (x / Math.max(1, width)) * (range.to - range.from);
  return Math.max(0, Math.min(total, Math.ceil(place)));
}

function inside(range: Range, total: number): Range {
  const size = Math.min(range.to - range.from, Math.max(1, total));
  const from = Math.max(0, Math.min(range.from, Math.max(1, total) - size));
  return { from, to: from + size };
}
