// What a debugger and Python tell each other, as types. Rows are facts: row i of a track is fact i + 1.

import type { EffectError, Face, Json, JsonObject, Reply, Status, TimerRow } from "../wire";

/** "a": the run that is debugged, "b": one it is compared with. */
export type Side = "a" | "b";

export interface Bucket {
  seq: number;
  count: number;
  /** Index into the table of states, or -1. */
  state: number;
  bad: boolean;
}

export interface Tables {
  kinds: string[];
  names: string[];
  states: string[][];
  taken: string[][];
}

/** What is new in the tables: from this index on, these. */
export type TablesMore = { [K in keyof Tables]?: [number, Tables[K]] };

/** A track on which no run is opened any more. */
export interface NoTrackMessage {
  type: "track";
  track: Side;
  run: null;
}

export interface TrackMessage {
  type: "track";
  track: Side;
  run: string;
  live: boolean;
  status: Status;
  total: number;
  face: Face;
  tables: Tables;
  forked_from: string | null;
  forked_at: number | null;
  page: number;
  detail: number;
  overview: { buckets: Bucket[] } | null;
}

export interface RowsMessage {
  type: "rows";
  track: Side;
  run?: string;
  first: number;
  count: number;
  tables: TablesMore;
  /** The place of the effect of each fact that is about one, in their order. */
  paths?: string[];
}

/** What one fact says, as far as it says it; large values are cut. */
export interface Detail {
  set?: JsonObject;
  del?: string[];
  event?: JsonObject;
  effects?: JsonObject[];
  raised?: { name: string; data: JsonObject }[];
  path?: string;
  owner?: string | null;
  result?: Json;
  /** The fact of another run this outcome was taken from. */
  recorded?: { run: string; seq: number };
  error?: EffectError;
  /** How far an effect is, and what it says of it. */
  fraction?: number;
  message?: string;
  question?: string;
  answer?: string;
  /** Which time it was started. */
  occurrence?: number;
  reason?: string;
  hint?: string;
  note?: Json;
  cause?: number;
  duration_us?: number;
  tokens_in?: number;
  tokens_out?: number;
  cost_usd?: number;
  model?: string;
}

export interface PageMessage {
  type: "page";
  track: Side;
  run?: string;
  page: number;
  first: number;
  /** The run's data before fact `first`. */
  base: JsonObject;
  rows: Detail[];
  /** Where the chart no longer takes what it took then. */
  trouble?: string;
}

export interface BreakpointSpec {
  state?: string;
  on?: "enter" | "exit";
  event?: string;
  effect?: string;
  error?: boolean;
  when?: string;
  hit?: number;
  once?: boolean;
}

export interface BreakpointRow {
  id: string;
  text: string;
  enabled: boolean;
  hits: number;
  spec: BreakpointSpec;
  /** Why its expression could not be computed. */
  problem?: string;
}

export interface Micro {
  event: string;
  exited: string[];
  taken: string[];
  entered: string[];
  active: string[];
}

export interface Preview {
  moves: Micro[];
  changes: { path: string; old?: Json; new?: Json }[];
  effects: JsonObject[];
  to: string[];
  /** Why what waits would be refused; empty where it would be taken. */
  refusal?: string;
}

export interface Waiting {
  seq: number;
  name: string;
  kind: string;
}

export interface HeldAt {
  breakpoint: string | null;
  reason: string;
  seq: number;
  event: { name: string; data: JsonObject } | null;
  preview: Preview | null;
  /** How many of the moves are behind the microstep cursor. */
  micro: number;
  /** How many wait in all. */
  waiting: number;
}

/** Where a live run stands. */
export interface Stand {
  status: Status;
  seq: number;
  total: number;
  takes: string[];
  blocked: Record<string, string>;
  arrows: Record<string, string>;
  timers: TimerRow[];
  refused: { seq: number; event: string; reason: string; hint: string } | null;
  held: HeldAt | null;
  /** The first of what waits while the run is held. */
  mailbox: Waiting[];
  breakpoints: BreakpointRow[];
}

export interface TreeNode {
  run: string;
  parent: string | null;
  at: number | null;
  machine: string;
  state: string;
  status: string;
  seq: number;
  note: string;
}

export interface Compared {
  path: string;
  left?: Json | undefined;
  right?: Json | undefined;
}

export interface CompareMessage {
  type: "compare";
  left: string;
  right: string;
  /** The first difference: seqs in the left and the right run, where there is one. */
  first: { left: number; right: number; what?: string } | null;
  rows: [number, number, number][];
  data: Compared[];
  effects: Compared[];
  marks: { left: string[]; right: string[]; both: string[] };
  sums: { name: string; left: Json; right: Json }[];
  text: string;
}

export interface Finding {
  title: string;
  text: string;
  facts: number[];
  weight: number;
}

export interface DebugReply extends Reply {
  breakpoint?: string;
  seqs?: number[];
  more?: boolean;
  text?: string;
  facts?: number[];
  tree?: Json;
  findings?: Finding[];
  rows?: string[][];
  notes?: string[];
}

export type DebugMessage =
  | TrackMessage
  | NoTrackMessage
  | RowsMessage
  | PageMessage
  | { type: "stand"; track: Side; run?: string; now: Stand }
  | { type: "tree"; nodes: TreeNode[] }
  | CompareMessage
  | { type: "file"; name: string; mime: string }
  | DebugReply;
