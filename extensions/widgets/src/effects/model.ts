// What is known of an effect, and the tree that is made of it.

import type { EffectRow, JsonObject } from "../wire";

/** How an effect stands. `waiting`: it has not begun, or waits for a permit; `cut`: nobody performs it any more. */
export type State = "running" | "asks" | "waiting" | "done" | "undone" | "failed" | "cancelled" | "cut";

export const STATE_WORDS: Record<State, string> = {
  running: "running", asks: "asks", waiting: "waiting", done: "done", undone: "undone", failed: "failed", cancelled: "cancelled", cut: "cut off",
};

export type Counts = Partial<Record<State, number>>;

/** One place in the tree: an effect with facts of its own, or one that is known from what lies around it. */
export interface Branch {
  path: string;
  kind: string;
  spec: JsonObject | null;
  row: EffectRow | null;
  state: State;
  /** What it is, and what it is about. */
  word: string;
  about: string;
  /** `2 of 3`, where it counts something. */
  count: string;
  /** From 0 to 1; null: unknown; undefined: there is nothing to show. */
  fraction: number | null | undefined;
  children: Branch[];
  /** Whether what is in it is shown before somebody asks for it. */
  open: boolean;
  began: number;
  ended: number | undefined;
  /** Those in it that are not here, by their state. */
  left: Counts | null;
}

export function isOpen(state: State): boolean {
  return state === "running" || state === "asks" || state === "waiting";
}

/** How many there are of each state. */
export function sumOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** `3 running, 40 done`, in the order a person cares. */
export function countsText(counts: Counts): string {
  const parts = (Object.keys(STATE_WORDS) as State[]).flatMap((state) => {
    const count = counts[state];
    return count ? [`${count.toLocaleString("en")} ${STATE_WORDS[state]}`] : [];
  });
  return parts.join(", ");
}

/** The leaves of a forest by state, those not here counted too. */
export function leavesOf(forest: readonly Branch[], counts: Counts = {}): Counts {
  for (const branch of forest) {
    for (const [state, count] of Object.entries(branch.left ?? {}) as [State, number][]) counts[state] = (counts[state] ?? 0) + count;
    if (branch.children.length > 0) leavesOf(branch.children, counts);
    else if (!branch.left) counts[branch.state] = (counts[branch.state] ?? 0) + 1;
  }
  return counts;
}
