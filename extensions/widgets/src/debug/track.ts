// One run as a debugger knows it: its columns, its tables, and the pages that were looked at.

import { readPicture } from "../picture";
import { BAD, Columns, DATA, MOVED } from "./columns";
import { Pages } from "./pages";
import type { RowsMessage, TablesMore, TrackMessage } from "./wire";

export class Track {
  readonly rows: Columns;
  readonly pages: Pages;
  total: number;
  /** Counts the times facts came that the run had already. */
  filled = 0;
  private readonly composite: ReadonlySet<string>;
  private readonly texts: string[] = [];
  private readonly leafLists: (readonly string[])[] = [];
  /** For each entry of the table of states, the first known fact after which it was so. */
  private readonly since: number[] = [];
  private readonly paths = new Map<number, string>();

  info: TrackMessage;

  constructor(message: TrackMessage) {
    const info = (this.info = owned(message));
    this.total = info.total;
    this.rows = new Columns(info.page);
    this.pages = new Pages(info.detail);
    this.composite = compositesOf(info.face.svg);
  }

  get run(): string {
    return this.info.run;
  }

  /** Take what is said of the run once more. False: what is known does not fit to it. */
  adopt(message: TrackMessage): boolean {
    const { tables } = this.info;
    const alike = message.run === this.run && message.page === this.info.page && message.detail === this.info.detail && message.total >= this.total;
    const begins = (["kinds", "names", "states", "taken"] as const).every((name) =>
      tables[name].every((entry, at) => String(entry) === String(message.tables[name][at])));
    if (!alike || !begins) return false;
    this.info = owned(message);
    this.total = message.total;
    return true;
  }

  /** Whether nothing is missing between the words that are known and those of a message. */
  fits(more: TablesMore): boolean {
    const { tables } = this.info;
    return (["kinds", "names", "states", "taken"] as const).every((name) => (more[name]?.[0] ?? 0) <= tables[name].length);
  }

  /** Take rows; answers whether the run has grown by them. */
  put(message: RowsMessage, buffers: readonly ArrayBufferView[]): boolean {
    learn(this.info.tables, message.tables);
    this.rows.put(message.first, message.count, buffers);
    const last = message.first + message.count - 1;
    this.note(message.first, last);
    this.placeEffects(message, last);
    if (message.first <= this.total) this.filled += 1;
    if (last <= this.total) return false;
    this.total = last;
    return true;
  }

  /** Whether the index has every fact in [from, to]. */
  hasAll(from: number, to: number): boolean {
    const { page } = this.rows;
    for (let at = Math.floor((from - 1) / page); at <= Math.floor((to - 1) / page); at++) if (!this.rows.full(at, this.total)) return false;
    return true;
  }

  kind(seq: number): string {
    return this.rows.has(seq) ? this.info.tables.kinds[this.rows.kind[seq - 1] ?? 0] ?? "" : "";
  }

  name(seq: number): string {
    return this.rows.has(seq) ? this.info.tables.names[this.rows.name[seq - 1] ?? 0] ?? "" : "";
  }

  active(seq: number): readonly string[] {
    return this.rows.has(seq) ? this.info.tables.states[this.rows.state[seq - 1] ?? 0] ?? [] : [];
  }

  taken(seq: number): readonly string[] {
    return this.rows.has(seq) ? this.info.tables.taken[this.rows.taken[seq - 1] ?? 0] ?? [] : [];
  }

  at(seq: number): number {
    return this.rows.has(seq) ? this.rows.at[seq - 1] ?? 0 : 0;
  }

  flag(seq: number, bit: number): boolean {
    return this.rows.has(seq) && ((this.rows.flags[seq - 1] ?? 0) & bit) !== 0;
  }

  moved(seq: number): boolean {
    return this.flag(seq, MOVED);
  }

  bad(seq: number): boolean {
    return this.flag(seq, BAD);
  }

  changed(seq: number): boolean {
    return this.flag(seq, DATA);
  }

  /** The active leaves after a fact, joined by a dot. */
  state(seq: number): string {
    return this.rows.has(seq) ? this.stateText(this.rows.state[seq - 1] ?? 0) : "";
  }

  stateText(index: number): string {
    return (this.texts[index] ??= this.leaves(index).join(" · "));
  }

  /** The innermost of an entry of the table of states. */
  leaves(index: number): readonly string[] {
    const active = this.info.tables.states[index];
    if (!active) return [];
    const known = this.leafLists[index];
    if (known) return known;
    const leaves = active.filter((id) => !this.composite.has(id));
    return (this.leafLists[index] = leaves.length ? leaves : active);
  }

  /** Every state the run has been in up to `seq`, as far as its facts are known. */
  visited(seq: number): ReadonlySet<string> {
    const found = new Set<string>();
    this.since.forEach((first, index) => {
      if (first <= seq) for (const id of this.info.tables.states[index] ?? []) found.add(id);
    });
    return found;
  }

  /** The path of the effect a fact is about; empty where it is about none. */
  path(seq: number): string {
    return this.paths.get(seq) ?? "";
  }

  private placeEffects({ first, paths = [] }: RowsMessage, last: number): void {
    const about = this.info.tables.kinds.map((kind) => /^(effect|human)\./.test(kind));
    let next = 0;
    for (let seq = first; seq <= last && next < paths.length; seq++) if (about[this.rows.kind[seq - 1] ?? 0]) this.paths.set(seq, paths[next++] ?? "");
  }

  private note(first: number, last: number): void {
    for (let seq = first; seq <= last; seq++) {
      const index = this.rows.state[seq - 1] ?? 0;
      if (seq < (this.since[index] ?? Infinity)) this.since[index] = seq;
    }
  }

  /** The first fact of the index, from `seq` in steps of `by`, that `wanted` likes; 0 for none. */
  seek(seq: number, by: 1 | -1, wanted: (seq: number) => boolean): number {
    for (let at = seq + by; at >= 1 && at <= this.total; at += by) if (wanted(at)) return at;
    return 0;
  }
}

/** A message whose tables may grow: those of the widget's state stay as they came. */
function owned(message: TrackMessage): TrackMessage {
  const { kinds, names, states, taken } = message.tables;
  return { ...message, tables: { kinds: [...kinds], names: [...names], states: [...states], taken: [...taken] } };
}

function learn(tables: TrackMessage["tables"], more: TablesMore): void {
  add(tables.kinds, more.kinds);
  add(tables.names, more.names);
  add(tables.states, more.states);
  add(tables.taken, more.taken);
}

function add<T>(table: T[], more: [number, T[]] | undefined): void {
  more?.[1].forEach((value, at) => (table[more[0] + at] = value));
}

/** The states of a drawing that hold others. */
function compositesOf(svg: string): ReadonlySet<string> {
  const picture = readPicture(svg);
  const found = [...(picture?.states ?? [])].filter(([, el]) => el.matches(".tl-compound, .tl-parallel"));
  return new Set(found.map(([id]) => id));
}
