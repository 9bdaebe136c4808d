// Where the facts of two runs of one family lie beside each other: a fork goes on where it left.

import type { TrackMessage, TreeNode } from "./wire";

interface Up {
  parent: string;
  at: number;
}

/** How far each of two runs is moved along the facts they share; nothing where they share none. */
export function shiftsOf(a: TrackMessage, b: TrackMessage | undefined, tree: readonly TreeNode[]): { a: number; b: number } {
  if (!b) return { a: 0, b: 0 };
  const [left, right] = [wayUp(a, [a, b], tree), wayUp(b, [a, b], tree)];
  if (left.root !== right.root) return { a: 0, b: 0 };
  const least = Math.min(left.shift, right.shift);
  return { a: left.shift - least, b: right.shift - least };
}

/** The first of a run's family, and where among its facts the run's own begin. */
function wayUp(run: TrackMessage, known: readonly TrackMessage[], tree: readonly TreeNode[]): { root: string; shift: number } {
  let root = run.run;
  let shift = 0;
  const seen = new Set<string>();
  for (let up = above(root, known, tree); up && !seen.has(up.parent); up = above(root, known, tree)) {
    seen.add((root = up.parent));
    shift += Math.max(0, up.at - 1); // its first fact stands where the parent's fact `at` does
  }
  return { root, shift };
}

function above(run: string, known: readonly TrackMessage[], tree: readonly TreeNode[]): Up | null {
  const info = known.find((one) => one.run === run);
  if (info?.forked_from) return { parent: info.forked_from, at: info.forked_at ?? 0 };
  const node = tree.find((one) => one.run === run);
  return node?.parent ? { parent: node.parent, at: node.at ?? 0 } : null;
}
