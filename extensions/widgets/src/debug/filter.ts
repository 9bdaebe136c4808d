// Which facts of a track a person wants to see: by group and by text, kept up as the run grows.

import type { Track } from "./track";
import { groupOf, KINDS, label, type Group } from "./words";

export class Filter {
  text = "";
  readonly groups = new Set<Group>();
  /** What Python found in bodies and in facts that are not here; null where it was not asked. */
  private found: ReadonlySet<number> | null = null;
  private list: number[] = [];
  private upto = 0;
  private key = "";

  get active(): boolean {
    return this.text !== "" || this.groups.size > 0;
  }

  /** Whether Python must be asked: texts are in bodies too, and not every fact may be here. */
  asksPython(track: Track): boolean {
    return this.text !== "" || (this.groups.size > 0 && !allHere(track));
  }

  /** The kinds of fact of the chosen groups. */
  kinds(track: Track): string[] {
    return [...new Set([...KINDS, ...track.info.tables.kinds])].filter((kind) => this.groups.has(groupOf(kind)));
  }

  setFound(seqs: readonly number[] | null): void {
    this.found = seqs && new Set(seqs);
    this.key = "";
  }

  /** The facts that match, ascending; null for all. */
  matches(track: Track): readonly number[] | null {
    if (!this.active) return null;
    const key = `${track.run}\n${track.filled}\n${[...this.groups].sort().join()}\n${this.text}`;
    if (key !== this.key) {
      this.key = key;
      this.list = [];
      this.upto = 0;
    }
    for (let seq = this.upto + 1; seq <= track.total; seq++) if (this.wants(track, seq)) this.list.push(seq);
    this.upto = track.total;
    return this.list;
  }

  private wants(track: Track, seq: number): boolean {
    if (this.found?.has(seq)) return true;
    if (!track.rows.has(seq)) return false;
    if (this.groups.size > 0 && !this.groups.has(this.group(track, seq))) return false;
    const wanted = this.text.toLowerCase();
    return !wanted || label(track, seq).toLowerCase().includes(wanted) || track.state(seq).toLowerCase().includes(wanted);
  }

  private group(track: Track, seq: number): Group {
    const group = groupOf(track.kind(seq));
    return track.bad(seq) && group !== "debug" ? "refused" : group;
  }
}

export function allHere(track: Track): boolean {
  const pages = Math.ceil(track.total / track.rows.page);
  for (let page = 0; page < pages; page++) if (!track.rows.full(page, track.total)) return false;
  return true;
}

/** Where `seq` stands among ascending numbers: its own place, or that of the last before it; -1 for none. */
export function placeIn(list: readonly number[], seq: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
