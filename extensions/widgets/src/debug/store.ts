// What is known of a debugging session in this page: tracks, the cursor, what is pinned and where it stands.

import { Alignment } from "./align";
import { Bus } from "./bus";
import { Track } from "./track";
import type {
  CompareMessage, DebugMessage, PageMessage, RowsMessage, Side, Stand, TrackMessage, TreeNode,
} from "./wire";

export class DebugStore {
  readonly bus = new Bus();
  readonly pinnedFields = new Set<string>();
  readonly pinnedSeqs = new Set<number>();
  a: Track | null = null;
  b: Track | null = null;
  stand: Stand | null = null;
  tree: TreeNode[] = [];
  compare: CompareMessage | null = null;
  alignment: Alignment | null = null;
  /** The place in track a that is looked at: after this fact; 0 is before anything. */
  cursor = 0;
  follow = true;
  /** The place in track b a person chose; null: the one beside the cursor. */
  atB: number | null = null;
  /** Facts that came while the cursor stayed behind. */
  unseen = 0;
  /** A message before one that came is missing: everything must be said again. */
  lost = false;

  track(side: Side): Track | null {
    return side === "a" ? this.a : this.b;
  }

  /** Whether track a can be driven: its run is live in the lab, and goes on. */
  get drivable(): boolean {
    return this.a !== null && (this.stand?.status ?? (this.a.info.live ? "running" : "asleep")) === "running";
  }

  /** The place in track b beside the cursor. */
  get cursorB(): number {
    if (!this.b) return 0;
    const place = this.atB ?? (this.alignment ? this.alignment.toRight(this.cursor) : this.cursor);
    return Math.min(place, this.b.total);
  }

  /** Whether track b was not yet a run of its own at the cursor: it stands where track a does. */
  get sharesPast(): boolean {
    const { a, b } = this;
    return a !== null && b !== null && b.info.forked_from === a.run && this.cursorB === 0 && this.cursor <= (b.info.forked_at ?? 0);
  }

  place(side: Side): number {
    return side === "a" ? this.cursor : this.cursorB;
  }

  /** Look at the place after fact `seq`. */
  go(seq: number): void {
    if (this.atB !== null) this.bus.touch("cursor");
    this.atB = null;
    const next = Math.max(0, Math.min(this.a?.total ?? 0, Math.round(seq)));
    const follow = this.follow;
    this.follow = next === this.a?.total; // who looks at the end stays there
    if (this.follow) this.unseen = 0;
    if (next === this.cursor && follow === this.follow) return;
    this.cursor = next;
    this.bus.touch("cursor");
  }

  goB(seq: number): void {
    this.go(this.alignment ? this.alignment.toLeft(seq) : seq);
    this.atB = seq; // several facts of b may stand beside one of a
    this.bus.touch("cursor");
  }

  setFollow(on: boolean): void {
    if (on) this.go(this.a?.total ?? 0);
    this.follow = on;
    this.bus.touch("cursor", "play");
  }

  togglePin(what: string | number): void {
    const set: Set<string | number> = typeof what === "string" ? this.pinnedFields : this.pinnedSeqs;
    if (!set.delete(what)) set.add(what);
    this.bus.touch("pins");
  }

  hear(message: DebugMessage, buffers: readonly ArrayBufferView[] = []): void {
    switch (message.type) {
      case "track":
        if (message.run !== null) this.open(message);
        else if (message.track === "b") this.closeB();
        break;
      case "rows": this.takeRows(message, buffers); break;
      case "page": this.takePage(message); break;
      case "stand": if (message.track === "a") this.takeStand(message.run, message.now); break;
      case "tree":
        this.tree = message.nodes;
        this.bus.touch("tree");
        break;
      case "compare": this.takeCompare(message); break;
      case "file":
      case "reply": break; // for the client
    }
  }

  closeB(): void {
    this.b = null;
    this.dropCompare();
    this.bus.touch("track");
  }

  private open(message: TrackMessage): void {
    const known = this.track(message.track);
    const same = known?.run === message.run;
    const track = known?.adopt(message) ? known : new Track(message);
    if (message.track === "b") this.b = track;
    else {
      this.a = track;
      if (!same) this.beginAgain();
      else if (this.follow || this.cursor > track.total) this.cursor = track.total;
    }
    if (!same) this.dropCompare();
    this.bus.touch("track", "rows", "cursor");
  }

  /** Another run is debugged: nothing that was said of the one before holds. */
  private beginAgain(): void {
    this.pinnedSeqs.clear();
    this.stand = null;
    this.follow = true;
    this.unseen = 0;
    this.cursor = this.a?.total ?? 0;
    this.bus.touch("pins", "stand");
  }

  private dropCompare(): void {
    this.compare = null;
    this.atB = null;
    this.alignment = null;
    this.bus.touch("compare", "cursor");
  }

  private takeRows(message: RowsMessage, buffers: readonly ArrayBufferView[]): void {
    const track = this.track(message.track);
    if (!track || (message.run !== undefined && message.run !== track.run)) return;
    if (!track.fits(message.tables)) {
      this.lost = true;
      return;
    }
    const before = track.total;
    const grown = track.put(message, buffers);
    if (grown && track === this.a) {
      if (this.follow) this.cursor = track.total;
      else this.unseen += track.total - before;
    }
    this.bus.touch("rows");
    if (grown || this.near(message)) this.bus.touch("cursor");
  }

  private near(message: RowsMessage): boolean {
    const place = this.place(message.track);
    return place >= message.first - 1 && place <= message.first + message.count;
  }

  private takePage(message: PageMessage): void {
    const track = this.track(message.track);
    if (!track || (message.run !== undefined && message.run !== track.run)) return;
    track.pages.put(message);
    this.bus.touch("page");
  }

  private takeStand(run: string | undefined, now: Stand): void {
    if (run !== undefined && run !== this.a?.run) return;
    this.stand = now;
    this.bus.touch("stand");
  }

  private takeCompare(message: CompareMessage): void {
    this.compare = message;
    this.alignment = new Alignment(message);
    this.bus.touch("compare", "cursor");
  }
}
