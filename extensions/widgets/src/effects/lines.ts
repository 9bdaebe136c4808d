// Which lines of the tree are on the screen: what is folded, what is cut, what a person wants to see.

import { isOpen, type Branch, type Counts, type State } from "./model";

export const MOST_ROOTS = 8;
export const MOST_CHILDREN = 20;
const STEP = 100;

export interface Line {
  key: string;
  level: number;
  /** Its place among those beside it, from 1, and how many they are. */
  place: number;
  size: number;
  branch: Branch | null;
  /** undefined: there is nothing in it. */
  expanded: boolean | undefined;
  /** Instead of a branch: those beside it that are not shown, and those that are not here. */
  more: number;
  left: Counts | null;
}

/** What a person folded, opened and wants more of. */
export class Folds {
  private readonly chosen = new Map<string, boolean>();
  private readonly limits = new Map<string, number>();
  /** What was open while it was under way stays so. */
  private readonly kept = new Set<string>();

  isOpen(branch: Branch, beside: number): boolean {
    if (branch.open && isOpen(branch.state) && beside <= MOST_CHILDREN) this.kept.add(branch.path);
    return this.chosen.get(branch.path) ?? (branch.open || this.kept.has(branch.path));
  }

  set(path: string, open: boolean): void {
    this.chosen.set(path, open);
  }

  limit(path: string): number {
    return this.limits.get(path) ?? (path ? MOST_CHILDREN : MOST_ROOTS);
  }

  showMore(path: string): void {
    this.limits.set(path, this.limit(path) + STEP);
  }
}

/** The lines of a forest from top to bottom; with `wide` nothing is folded. */
export function linesOf(forest: readonly Branch[], folds: Folds, left: Counts | null, wide = false): Line[] {
  const lines: Line[] = [];
  const walk = (path: string, branches: readonly Branch[], away: Counts | null, level: number): void => {
    const shown = chosenOf(branches, folds.limit(path));
    const more = branches.length - shown.length;
    const size = branches.length + Object.values(away ?? {}).reduce((sum, count) => sum + count, 0);
    shown.forEach((branch) => {
      const inside = branch.children.length > 0 || branch.left !== null;
      const expanded = inside ? wide || folds.isOpen(branch, branches.length) : undefined;
      lines.push({ key: branch.path, level, place: branches.indexOf(branch) + 1, size, branch, expanded, more: 0, left: null });
      if (expanded) walk(branch.path, branch.children, branch.left, level + 1);
    });
    if (more > 0 || away) lines.push({ key: `${path}/more`, level, place: size, size, branch: null, expanded: undefined, more, left: away });
  };
  walk("", forest, left, 1);
  return lines;
}

/** Where there are too many: those under way, those that failed, and the last; in their order. */
function chosenOf(branches: readonly Branch[], most: number): readonly Branch[] {
  if (branches.length <= most) return branches;
  const rank = (branch: Branch): number => (isOpen(branch.state) ? (branch.row || branch.children.length ? 0 : 2) : branch.state === "failed" ? 1 : 3);
  const order = new Map(branches.map((branch, at) => [branch, at]));
  const at = (branch: Branch): number => order.get(branch) ?? 0;
  const best = [...branches].sort((a, b) => rank(a) - rank(b) || at(b) - at(a)).slice(0, most);
  return best.sort((a, b) => at(a) - at(b));
}

/** What of a forest stands in one of these states, with what it lies in. */
export function filtered(forest: readonly Branch[], states: ReadonlySet<State>): Branch[] {
  return forest.flatMap((branch) => {
    const children = filtered(branch.children, states);
    const left = Object.fromEntries(Object.entries(branch.left ?? {}).filter(([state]) => states.has(state as State)));
    const some = Object.keys(left).length > 0;
    if (!children.length && !some && !states.has(branch.state)) return [];
    return [{ ...branch, children, left: some ? left : null }];
  });
}
