// Which pages to ask for: those that are looked at first, their neighbours next, the rest when idle.

import type { JsonObject } from "../wire";
import { MAX_PAGES } from "./pages";
import type { DebugStore } from "./store";
import type { Track } from "./track";
import type { Side } from "./wire";

const AT_ONCE = 3;
/** Up to this many facts everything is fetched in idle time, so that nothing ever has to load. */
const ALL_BELOW = 12_000;
/** A page that was refused, or did not come although it was said to, is asked for again after this. */
const AGAIN_MS = 4000;

type Ask = (what: string, args: JsonObject) => Promise<{ ok: boolean }>;

interface Wish {
  what: "rows" | "page";
  page: number;
}

interface Asked {
  done: Promise<void>;
  end(): void;
  here(): boolean;
}

export class Loader {
  private readonly asked = new Map<string, Asked>();
  private idle = 0;

  constructor(
    private readonly store: DebugStore,
    private readonly ask: Ask,
  ) {}

  /** Ask for pages from now on. */
  start(signal: AbortSignal): void {
    this.store.bus.on(["track", "rows", "cursor", "page"], () => this.look(), signal);
    signal.addEventListener("abort", () => this.asked.clear());
  }

  /** Ask for what is looked at; answers at once. */
  look(): void {
    for (const asked of this.asked.values()) if (asked.here()) asked.end();
    for (const side of ["a", "b"] as const) {
      const track = this.store.track(side);
      if (!track) continue;
      const place = Math.max(1, this.store.place(side));
      for (const wish of wishesAt(track, place)) this.want(side, track, wish);
    }
    if (!this.idle && this.store.a) this.idle = later(() => this.fetchIdly());
  }

  /** Have the details of `seq` here. Resolves when they are, or when nobody sends them. */
  async have(side: Side, seq: number): Promise<boolean> {
    const track = this.store.track(side);
    if (!track) return false;
    if (track.pages.has(seq)) return true;
    await this.request(side, track, { what: "page", page: track.pages.pageOf(seq) });
    return this.store.track(side) === track && track.pages.has(seq);
  }

  /** Have the index around these facts here, as far as a view shows them. */
  show(side: Side, from: number, to: number): void {
    const track = this.store.track(side);
    if (!track) return;
    const { page } = track.rows;
    for (let at = Math.floor((from - 1) / page); at <= Math.floor((to - 1) / page); at++) {
      this.want(side, track, { what: "rows", page: at });
    }
  }

  private fetchIdly(): void {
    this.idle = 0;
    if (this.asked.size > 0) return; // its answer calls `look` again
    for (const side of ["a", "b"] as const) {
      const track = this.store.track(side);
      const wish = track && nextIdle(track);
      if (wish) {
        this.want(side, track, wish);
        return;
      }
    }
  }

  private want(side: Side, track: Track, wish: Wish): void {
    if (missing(track, wish) && this.asked.size < AT_ONCE) void this.request(side, track, wish);
  }

  /** Resolves when the page is here, or is known not to come. */
  private request(side: Side, track: Track, wish: Wish): Promise<void> {
    const key = `${track.run}/${side}/${wish.what}/${wish.page}`;
    const known = this.asked.get(key);
    if (known) return known.done;
    const before = track.total;
    let settle = (): void => undefined;
    const done = new Promise<void>((resolve) => (settle = resolve));
    const end = (): void => {
      if (this.asked.get(key)?.done === done) this.asked.delete(key);
      settle();
    };
    const here = (): boolean => this.store.track(side) !== track || !missing(track, wish, before);
    this.asked.set(key, { done, end, here });
    // what comes of it may come before the answer or after it
    void this.ask(wish.what, { track: side, page: wish.page }).then(() => setTimeout(() => {
      if (this.asked.get(key)?.done !== done) return;
      end();
      this.look();
    }, AGAIN_MS));
    return done;
  }
}

function missing(track: Track, { what, page }: Wish, total = track.total): boolean {
  if (page < 0 || total === 0) return false;
  const last = Math.floor((total - 1) / (what === "rows" ? track.rows.page : track.pages.size));
  if (page > last) return false;
  return what === "rows" ? !track.rows.full(page, total) : !track.pages.full(page, total);
}

/** The pages around a place, the most wanted first. */
function wishesAt(track: Track, place: number): Wish[] {
  const rows = Math.floor((place - 1) / track.rows.page);
  const page = track.pages.pageOf(place);
  const wishes: Wish[] = [{ what: "rows", page: rows }];
  // the last page of a live run grows all the time: it is asked for again only where it is looked at
  if (!track.pages.has(place)) wishes.push({ what: "page", page });
  const within = (place - 1) % track.pages.size;
  const beside = within < track.pages.size / 2 ? page - 1 : page + 1;
  if (!track.pages.has(beside * track.pages.size + 1)) wishes.push({ what: "page", page: beside });
  return wishes;
}

function nextIdle(track: Track): Wish | null {
  const pages = Math.ceil(track.total / track.rows.page);
  for (let page = pages - 1; page >= 0 && !track.info.overview; page--) {
    const wish: Wish = { what: "rows", page };
    if (missing(track, wish)) return wish;
  }
  if (track.total > Math.min(ALL_BELOW, MAX_PAGES * track.pages.size)) return null;
  for (let page = Math.ceil(track.total / track.pages.size) - 1; page >= 0; page--) {
    if (!track.pages.has(page * track.pages.size + 1)) return { what: "page", page };
  }
  return null;
}

function later(work: () => void): number {
  if (typeof requestIdleCallback === "function") return requestIdleCallback(work, { timeout: 200 });
  return setTimeout(work, 30);
}
