// Grow the tree of a run's effects from its rows: what has no facts of its own is read from the root's document.

import type { EffectRow, EffectWindow, JsonObject } from "../wire";
import { childSpec, countOf, isHit, stateBelow } from "./below";
import { isOpen, type Branch, type Counts, type State } from "./model";
import { COMPOSED, GATES, wordsOf } from "./words";

const COUNTING: ReadonlySet<string> = new Set(["sequence", "saga", "parallel", "for_each", "batch"]);
const PLANNED: ReadonlySet<string> = new Set(["sequence", "saga", "parallel"]);
/** Composed effects of which so many lie in one are folded where they are done. */
const FEW = 12;

/** A path part below a root, what is known of it, and what is below it. */
interface Twig {
  row: EffectRow | null;
  below: Map<number, Twig>;
}

interface Around {
  /** How the root ended; null: it did not. */
  over: State | null;
  /** Whether the run is performed at all: what is under way in one that is not, is cut off. */
  live: boolean;
  cut: EffectWindow["cut"];
}

/** The roots, those under way first and the newest first, each with all that is below it. */
export function growForest(shown: EffectWindow, live = true): Branch[] {
  const roots = new Map<string, Twig>();
  for (const row of Object.values(shown.rows)) {
    const parts = row.path.split("/");
    const name = parts.slice(0, 2).join("/");
    let twig = roots.get(name);
    if (!twig) roots.set(name, (twig = { row: null, below: new Map() }));
    for (const part of parts.slice(2)) twig = childTwig(twig, part);
    twig.row = row;
  }
  const forest = [...roots].map(([path, twig]) => {
    const over = twig.row && twig.row.status !== "running" && twig.row.status !== "asks" ? twig.row.status : null;
    const branch = grow(path, twig, null, { over, live, cut: shown.cut });
    const [seq = 0, place = 0] = path.split("/").map(Number);
    return { branch, order: [Number(over !== null), -seq, place] };
  });
  return forest.sort((a, b) => before(a.order, b.order)).map(({ branch }) => branch);
}

function before(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

function childTwig(twig: Twig, part: string): Twig {
  const index = part === "into" ? -1 : Number(part);
  let child = twig.below.get(index);
  if (!child) twig.below.set(index, (child = { row: null, below: new Map() }));
  return child;
}

function grow(path: string, twig: Twig, known: JsonObject | null, around: Around): Branch {
  const spec = twig.row?.spec ?? known;
  const kind = twig.row?.kind ?? (typeof spec?.kind === "string" ? spec.kind : spec ? "with_compensation" : "");
  const kids = new Map<number, Branch>();
  for (const index of [...twig.below.keys()].sort((a, b) => a - b)) {
    const child = twig.below.get(index);
    if (child) kids.set(index, grow(`${path}/${index < 0 ? "into" : index}`, child, index < 0 ? null : childSpec(spec, index), around));
  }
  const branch = plain(path, kind, spec, twig.row);
  branch.left = countsOf(around.cut[path]);
  branch.state = stateOf(branch, kids, around);
  const all = [...kids.values()];
  if (!twig.row && all.length) {
    branch.began = Math.min(...all.map((kid) => kid.began));
    branch.ended = isOpen(branch.state) ? undefined : Math.max(...all.map((kid) => kid.ended ?? kid.began));
  }
  const shaped = shape(branch, kids, around);
  const { state } = shaped;
  shaped.open = state === "failed" || state === "undone" || (isOpen(state) && kids.size > 0);
  return shaped;
}

function plain(path: string, kind: string, spec: JsonObject | null, row: EffectRow | null): Branch {
  const [word, about] = wordsOf(kind, spec);
  return {
    path, kind, spec, row, word, about, state: "waiting", count: "", fraction: row?.fraction, children: [], open: true,
    began: row?.began ?? 0, ended: row?.ended, left: null,
  };
}

function stateOf(branch: Branch, kids: ReadonlyMap<number, Branch>, around: Around): State {
  const { row, kind } = branch;
  if (!row) return stateBelow(kind, branch.spec, kids, around.over);
  if (row.status === "running" && !around.live) return "cut";
  if (row.status === "running" && kind === "permit") return "waiting";
  const below = row.status === "running" && kids.size > 0 ? stateBelow(kind, branch.spec, kids, null) : "running";
  return below === "asks" || below === "waiting" ? below : row.status;
}

/** Put what is below a composed effect as a person wants to see it. */
function shape(branch: Branch, kids: ReadonlyMap<number, Branch>, around: Around): Branch {
  const { kind } = branch;
  const into = kids.get(-1);
  branch.children = [...kids].filter(([index, kid]) => index >= 0 || kid.state === "failed").map(([, kid]) => kid);
  if (into && into.state !== "failed") branch.children = branch.children.filter((kid) => kid !== into);
  if (kind === "retry") attempts(branch, kids);
  else if (kind === "with_compensation") return compensated(branch, kids);
  else if (kind === "timeout") clocked(branch, kids);
  else if (GATES.has(kind)) gated(branch, kids);
  else if (COUNTING.has(kind)) counted(branch, kids, around);
  return branch;
}

/** The last attempt, the wait under way, and those before in one line. */
function attempts(branch: Branch, kids: ReadonlyMap<number, Branch>): void {
  const tries = [...kids].filter(([index]) => index >= 0 && index % 2 === 0);
  const waits = [...kids].filter(([index, kid]) => index % 2 === 1 && isOpen(kid.state)).map(([, kid]) => kid);
  const [lastIndex, last] = tries.at(-1) ?? [0, undefined];
  const most = typeof branch.spec?.attempts === "number" ? branch.spec.attempts : 3;
  if (last) branch.count = `${lastIndex / 2 + 1} of ${most}`;
  const before = tries.slice(0, -1).map(([, kid]) => kid);
  const earlier: Branch[] = before.length === 0 ? [] : [{
    ...plain(`${branch.path}/earlier`, "", null, null), word: before.length === 1 ? "1 earlier attempt" : `${before.length} earlier attempts`,
    state: "failed", open: false, children: before, began: before[0]?.began ?? 0, ended: before.at(-1)?.ended,
  }];
  branch.children = [...earlier, ...(last ? [last] : []), ...waits];
}

/** An effect that can be undone is shown as that effect; what undoes it stands below. */
function compensated(branch: Branch, kids: ReadonlyMap<number, Branch>): Branch {
  const [effect, undo] = [kids.get(0), kids.get(1)];
  if (!effect) return branch;
  if (!undo) return { ...effect, state: branch.row ? branch.state : effect.state };
  undo.word = `undo: ${undo.word}`;
  return { ...effect, row: effect.row, state: branch.state, children: [...effect.children, undo] };
}

/** The clock of a timeout is not shown: it is what the timeout is about. */
function clocked(branch: Branch, kids: ReadonlyMap<number, Branch>): void {
  const clock = kids.get(1);
  branch.children = branch.children.filter((kid) => kid !== clock);
  if (clock?.state === "done") branch.count = "is over";
}

/** A permit that was given says no more. */
function gated(branch: Branch, kids: ReadonlyMap<number, Branch>): void {
  const permit = kids.get(1);
  if (permit?.state === "done" || permit?.state === "cancelled") branch.children = branch.children.filter((kid) => kid !== permit);
  else branch.children.sort((a, b) => Number(b === permit) - Number(a === permit));
  if (isHit(permit)) branch.word = "cache hit";
}

function counted(branch: Branch, kids: ReadonlyMap<number, Branch>, around: Around): void {
  const { kind, spec, left } = branch;
  const total = countOf(spec);
  const here = branch.children.filter((kid) => kid.state === "done" || kid.state === "undone").length;
  const done = here + (left?.done ?? 0);
  const open = isOpen(branch.state);
  if (total !== undefined) branch.count = `${num(done)} of ${num(total)}`;
  else if (open) branch.count = `${num(done)} done`;
  else branch.count = `${num(done)} of ${num(branch.children.length + (left ? Object.values(left).reduce((sum, one) => sum + one, 0) : 0))}`;
  if (open && total !== undefined && total > 1) branch.fraction = done / total;
  if (open && PLANNED.has(kind) && total !== undefined) {
    for (let index = Math.max(-1, ...kids.keys()) + 1; index < total; index++) {
      const planned = childSpec(spec, index);
      if (planned && around.live) branch.children.push(grow(`${branch.path}/${index}`, { row: null, below: new Map() }, unwrapped(planned), around));
    }
  }
  if (branch.children.length > FEW) for (const kid of branch.children) if (COMPOSED.has(kid.kind) && kid.state === "done") kid.open = false;
}

/** What can be undone is shown as what is done. */
function unwrapped(spec: JsonObject): JsonObject {
  const { kind, effect } = spec;
  return (kind === undefined || kind === "with_compensation") && effect !== null && typeof effect === "object" && !Array.isArray(effect) ? effect : spec;
}

function countsOf(counts: Record<string, number> | undefined): Counts | null {
  return counts ? { ...counts } : null;
}

function num(value: number): string {
  return value.toLocaleString("en");
}
