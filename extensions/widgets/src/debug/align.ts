// Which place of the right run belongs to a place of the left one, and the other way round.

import type { CompareMessage } from "./wire";

export class Alignment {
  /** Rows of the comparison, both columns never falling. */
  private readonly left: number[] = [0];
  private readonly right: number[] = [0];

  constructor(message: CompareMessage) {
    let [left, right] = [0, 0];
    for (const [l, r] of message.rows) {
      left = Math.max(left, l);
      right = Math.max(right, r);
      this.left.push(left);
      this.right.push(right);
    }
  }

  /** Where the right run stood when the left one was at `seq`. */
  toRight(seq: number): number {
    return this.right[lastAtMost(this.left, seq)] ?? 0;
  }

  /** Where the left run stood when the right one came to `seq`. */
  toLeft(seq: number): number {
    const first = lastAtMost(this.right, seq - 1) + 1;
    return this.left[this.right[first] === seq ? first : lastAtMost(this.right, seq)] ?? 0;
  }
}

function lastAtMost(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The first difference of a comparison as two seqs, 0 where a run has none there. */
export function firstOf(message: CompareMessage): [number, number] {
  return message.first ? [message.first.left, message.first.right] : [0, 0];
}
