// The effects of a run as they stood at a place: a fold over the facts up to it.

import type { EffectRow, EffectWindow } from "../wire";
import type { Track } from "./track";

/** This many facts before a place are looked at. */
const FAR = 20_000;
const NEAR = 200;
const MOST_ROOTS = 60;
/** So many leaves become rows; the others are counted. */
const MOST_LEAVES = 600;
/** Places whose leaves are counted one by one; the others count for their root. */
const MOST_CUT = 24;

type Status = EffectRow["status"];
const STATUS: Partial<Record<string, Status>> = {
  "effect.started": "running", "effect.progress": "running", "effect.held": "running",
  "effect.completed": "done", "effect.failed": "failed", "effect.cancelled": "cancelled",
  "human.asked": "asks", "human.answered": "running",
};

/** Which are shown first where there are too many. */
const RANK: Record<Status, number> = { asks: 0, running: 1, failed: 2, cancelled: 3, done: 3 };

/** What the facts say of one effect: which of them, and what follows from their kinds. */
interface Trace {
  path: string;
  kind: string;
  status: Status;
  seq: number;
  start: number;
  starts: number;
  progress: number;
  asked: number;
}

/** The effects at a place, the newest roots first; what the pages say that are not here is left out. */
export function effectsAt(track: Track, place: number): EffectWindow {
  const traces = tracesAt(track, place);
  const rows: EffectWindow["rows"] = {};
  const cut: EffectWindow["cut"] = {};
  const count = (place: string, status: Status): void => {
    const counts = (cut[place] ??= {});
    counts[status] = (counts[status] ?? 0) + 1;
  };
  const roots = traces.filter((trace) => trace.path === rootOf(trace.path)).reverse();
  const shown = new Set(roots.slice(0, MOST_ROOTS).map((trace) => trace.path));
  for (const trace of roots.slice(MOST_ROOTS)) count("", trace.status);
  const leaves = traces.filter((trace) => shown.has(rootOf(trace.path)) && !shown.has(trace.path));
  const chosen = new Set(leaves.length > MOST_LEAVES ? [...leaves].sort((a, b) => RANK[a.status] - RANK[b.status] || b.seq - a.seq).slice(0, MOST_LEAVES) : leaves);
  for (const trace of traces) {
    if (shown.has(trace.path) || chosen.has(trace)) rows[trace.path] = rowOf(track, trace);
    else if (shown.has(rootOf(trace.path))) {
      const around = trace.path.slice(0, trace.path.lastIndexOf("/"));
      count(around in cut || Object.keys(cut).length < MOST_CUT ? around : rootOf(trace.path), trace.status);
    }
  }
  return { rows, cut };
}

function tracesAt(track: Track, place: number): Trace[] {
  const found = new Map<string, Trace>();
  const from = Math.max(1, place - FAR);
  for (let seq = from; seq <= place; seq++) follow(track, seq, found);
  for (const path of new Set([...found.keys()].map(rootOf))) {
    if (from === 1 || found.has(path)) continue;
    const asked = parseInt(path, 10); // it began soon after the step that asked for it
    for (let seq = asked + 1; seq < Math.min(from, asked + NEAR); seq++) if (track.path(seq) === path) follow(track, seq, found);
  }
  return [...found.values()].sort((a, b) => a.start - b.start);
}

function follow(track: Track, seq: number, found: Map<string, Trace>): void {
  const path = track.path(seq);
  const kind = path && track.kind(seq);
  const status = kind && STATUS[kind];
  if (!status) return;
  let trace = found.get(path);
  if (!trace) found.set(path, (trace = { path, kind: track.name(seq), status, seq, start: seq, starts: 0, progress: 0, asked: 0 }));
  if (kind === "effect.started") trace.starts += 1;
  if (kind === "effect.progress") trace.progress = seq;
  else [trace.status, trace.seq] = [status, seq];
  if (kind === "human.asked") trace.asked = seq;
}

function rowOf(track: Track, trace: Trace): EffectRow {
  const { path, kind, status, seq, start, starts, progress, asked } = trace;
  const row: EffectRow = { path, kind, owner: "", status, seq, start, began: track.at(start), starts };
  const ended = status !== "running" && status !== "asks";
  if (ended) row.ended = track.at(seq);
  const first = track.pages.detail(start);
  const spec = first?.effects?.[0];
  if (spec) row.spec = spec;
  if (first?.owner) row.owner = first.owner;
  const said = progress ? track.pages.detail(progress) : undefined;
  if (progress) row.fraction = said?.fraction ?? null;
  if (said?.message) row.message = said.message;
  const question = asked ? track.pages.detail(asked)?.question : undefined;
  if (question) row.question = question;
  const last = ended ? track.pages.detail(seq) : undefined;
  if (last?.error) row.error = last.error;
  if (last?.result !== undefined) row.result = last.result;
  return row;
}

function rootOf(path: string): string {
  const end = path.indexOf("/", path.indexOf("/") + 1);
  return end < 0 ? path : path.slice(0, end);
}
