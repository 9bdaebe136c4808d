// The bodies of facts, in pages that are asked for when they are looked at, and the data they make.

import type { JsonObject } from "../wire";
import type { Detail, PageMessage } from "./wire";

export const MAX_PAGES = 64;

interface Page {
  first: number;
  base: JsonObject;
  rows: Detail[];
  trouble: string;
  /** The data that was worked out last. */
  memo: { seq: number; data: JsonObject };
}

export class Pages {
  private readonly pages = new Map<number, Page>();

  /** Counts the pages that came. */
  came = 0;

  constructor(readonly size: number) {}

  pageOf(seq: number): number {
    return Math.floor((seq - 1) / this.size);
  }

  put(message: PageMessage): void {
    const { page, first, base, rows, trouble = "" } = message;
    this.came += 1;
    this.pages.delete(page);
    this.pages.set(page, { first, base, rows, trouble, memo: { seq: first - 1, data: base } });
    for (const old of this.pages.keys()) {
      if (this.pages.size <= MAX_PAGES) break;
      this.pages.delete(old);
    }
  }

  has(seq: number): boolean {
    return seq <= 0 || this.detail(seq) !== undefined;
  }

  /** Whether the page is here with everything up to `total`. */
  full(page: number, total: number): boolean {
    const known = this.pages.get(page);
    return known !== undefined && known.rows.length >= Math.min(this.size, total - page * this.size);
  }

  /** What a fact says; undefined where its page is not here. */
  detail(seq: number): Detail | undefined {
    const page = this.pages.get(this.pageOf(seq));
    return page?.rows[seq - page.first];
  }

  /** Why the data of the page around `seq` may not be what it was; empty where it is. */
  trouble(seq: number): string {
    return this.pages.get(this.pageOf(seq))?.trouble ?? "";
  }

  /** The run's data after fact `seq`; null where its page is not here. */
  at(seq: number): JsonObject | null {
    if (seq <= 0) return {};
    const number = this.pageOf(seq);
    const page = this.pages.get(number);
    if (!page || seq - page.first >= page.rows.length) return null;
    this.pages.delete(number); // the one used last goes last
    this.pages.set(number, page);
    if (page.memo.seq > seq) page.memo = { seq: page.first - 1, data: page.base };
    let { data } = page.memo;
    for (let at = page.memo.seq + 1; at <= seq; at++) data = laid(data, page.rows[at - page.first]);
    page.memo = { seq, data };
    return data;
  }

  /** The run's data before fact `seq`: on the same page, so it is here whenever `at` is. */
  before(seq: number): JsonObject | null {
    if (seq <= 1) return {};
    const page = this.pages.get(this.pageOf(seq));
    if (!page) return null;
    return seq === page.first ? page.base : this.at(seq - 1);
  }
}

/** `data` with what a fact changed; the same object where it changed nothing. */
export function laid(data: JsonObject, detail: Detail | undefined): JsonObject {
  if (!detail || (!detail.set && !detail.del)) return data;
  const next = { ...data, ...detail.set };
  for (const key of detail.del ?? []) Reflect.deleteProperty(next, key);
  return next;
}
