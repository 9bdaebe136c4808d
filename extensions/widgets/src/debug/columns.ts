// The facts of a run as columns of numbers: what a timeline and a list need, 22 bytes a fact.

const UNKNOWN = 255;
const LEAST = 1024;

export const MOVED = 1;
export const BAD = 2;
export const DATA = 4;
export const INSIDE = 8;

export class Columns {
  at = new Float64Array(LEAST);
  kind = new Uint8Array(LEAST).fill(UNKNOWN);
  name = new Uint32Array(LEAST);
  state = new Uint32Array(LEAST);
  taken = new Uint32Array(LEAST);
  flags = new Uint8Array(LEAST);
  /** How many facts of each page of the index are known. */
  private readonly known = new Map<number, number>();
  /** The facts that went wrong, by page of the index, ascending. */
  private readonly bad = new Map<number, number[]>();

  constructor(readonly page: number) {}

  has(seq: number): boolean {
    return seq > 0 && seq <= this.kind.length && this.kind[seq - 1] !== UNKNOWN;
  }

  /** Whether all facts up to `total` of this page are known. */
  full(page: number, total: number): boolean {
    return (this.known.get(page) ?? 0) >= Math.min(this.page, total - page * this.page);
  }

  /** Take `count` facts from `first` on: one buffer a column, little endian. */
  put(first: number, count: number, buffers: readonly ArrayBufferView[]): void {
    if (buffers.length < 6 || count < 1) return;
    const from = first - 1;
    this.grow(from + count);
    const bytes = buffers.map(bytesOf);
    this.at.set(new Float64Array(cut(bytes[0], count * 8)), from);
    this.kind.set(new Uint8Array(cut(bytes[1], count)), from);
    this.name.set(new Uint32Array(cut(bytes[2], count * 4)), from);
    this.state.set(new Uint32Array(cut(bytes[3], count * 4)), from);
    this.taken.set(new Uint32Array(cut(bytes[4], count * 4)), from);
    this.flags.set(new Uint8Array(cut(bytes[5], count)), from);
    const last = Math.floor((from + count - 1) / this.page);
    for (let page = Math.floor(from / this.page); page <= last; page++) this.survey(page);
  }

  /** The facts in [from, to] that went wrong, as far as they are known. */
  *badIn(from: number, to: number): Generator<number> {
    const last = Math.floor((to - 1) / this.page);
    for (let page = Math.max(0, Math.floor((from - 1) / this.page)); page <= last; page++) {
      for (const seq of this.bad.get(page) ?? []) if (seq >= from && seq <= to) yield seq;
    }
  }

  private survey(page: number): void {
    const bad: number[] = [];
    const end = Math.min((page + 1) * this.page, this.kind.length);
    let known = 0;
    for (let at = page * this.page; at < end; at++) {
      if (this.kind[at] === UNKNOWN) continue;
      known += 1;
      if ((this.flags[at] ?? 0) & BAD) bad.push(at + 1);
    }
    this.known.set(page, known);
    this.bad.set(page, bad);
  }

  private grow(need: number): void {
    const size = this.kind.length;
    if (need <= size) return;
    const next = Math.max(need, size * 2);
    this.at = moved(this.at, new Float64Array(next));
    this.kind = moved(this.kind, new Uint8Array(next).fill(UNKNOWN));
    this.name = moved(this.name, new Uint32Array(next));
    this.state = moved(this.state, new Uint32Array(next));
    this.taken = moved(this.taken, new Uint32Array(next));
    this.flags = moved(this.flags, new Uint8Array(next));
  }
}

function moved<T extends Float64Array | Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** A copy, since a message's buffers need not begin where numbers may. */
function cut(bytes: Uint8Array | undefined, length: number): ArrayBuffer {
  const copy = new Uint8Array(length);
  copy.set((bytes ?? new Uint8Array()).subarray(0, length));
  return copy.buffer;
}
