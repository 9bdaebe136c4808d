// What travels between Python and the browser, as types. The words are the ones Python uses.

import type { QuestionList } from "./questions";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;

/** One field of an event's data, as a small part of JSON Schema. */
export interface Field {
  type?: string;
  title?: string;
  description?: string;
  enum?: Json[];
  default?: Json;
  minimum?: number;
  maximum?: number;
}

export interface Schema {
  properties?: Record<string, Field>;
  required?: string[];
}

/** What of a run never changes: sent once. */
export interface Face {
  run: string;
  machine: string;
  title: string;
  /** What states are called in the drawing, where that is not their id. */
  titles: Record<string, string>;
  tenant: string;
  svg: string;
  events: Record<string, Schema>;
  known: string[];
}

export interface Change {
  path: string;
  old?: Json;
  new?: Json;
}

export interface StepRow {
  seq: number;
  at: number;
  event: string;
  from: string;
  to: string;
}

export interface Refusal {
  seq: number;
  event: string;
  reason: string;
  hint: string;
}

/** A timer that runs: it leaves `state` at `due`, milliseconds since the epoch. */
export interface TimerRow {
  event: string;
  state: string;
  due: number;
}

/** Why an effect failed; `chain`: what led to it, `also`: what failed beside it. */
export interface EffectError {
  kind: string;
  message: string;
  hint?: string;
  status?: number;
  chain?: EffectError[];
  also?: EffectError[];
}

/** An effect that has facts of its own: a root (`12/0`) or a leaf below one (`12/0/3`). */
export interface EffectRow {
  path: string;
  kind: string;
  owner: string;
  status: "running" | "asks" | "done" | "failed" | "cancelled";
  /** The fact that says so. */
  seq: number;
  /** The fact it began with, where facts are at hand. */
  start?: number;
  /** Milliseconds since the epoch. */
  began: number;
  ended?: number;
  starts: number;
  spec?: JsonObject;
  /** How far it is, from 0 to 1; null: it does not know. */
  fraction?: number | null;
  message?: string;
  question?: string;
  result?: Json;
  error?: EffectError;
}

/** The effects that are shown, and how many others there are: by the place they lie in and their state. */
export interface EffectWindow {
  rows: Record<string, EffectRow>;
  cut: Record<string, Record<string, number>>;
}

/** A run that is held before a turn: why, and how many wait. */
export interface HeldRow {
  breakpoint: string | null;
  reason: string;
  waiting: number;
}

/** "asleep": known to the journal, live in no lab here. */
export type Status = "running" | "done" | "stopped" | "closed" | "asleep";

/** What of a run changes, whole. */
export interface Now {
  rev: number;
  status: Status;
  state: string;
  seq: number;
  active: string[];
  visited: string[];
  taken: string[];
  takes: string[];
  blocked: Record<string, string>;
  /** Arrows that leave an active state: the event that takes it, "" if only the engine sends it, "!" if blocked. */
  arrows: Record<string, string>;
  data: JsonObject;
  changes: Change[];
  span: number;
  steps: StepRow[];
  refused: Refusal | null;
  effects: EffectWindow;
  timers: TimerRow[];
  held: HeldRow | null;
}

/** A small change of `Now`: whole fields, and only what is new of the long ones. */
export interface Patch {
  rev: number;
  set: Partial<Now>;
  visited?: string[];
  steps?: StepRow[];
  data?: { set: JsonObject; del: string[] };
  effects?: { set: Record<string, EffectRow>; del: string[]; cut: EffectWindow["cut"] };
}

export interface Group {
  machine: string;
  state: string;
  count: number;
}

export interface RunRow {
  id: string;
  machine: string;
  state: string;
  status: Status;
  seq: number;
  tenant: string;
  at: number;
}

export interface MachineFace {
  data: JsonObject;
  tenant: string;
}

/** What the control panel shows besides rows. */
export interface Board {
  rev: number;
  total: number;
  running: number;
  groups: Group[];
  machines: Record<string, MachineFace>;
  title: string;
  questions: QuestionList;
}

/** The rows one view of the panel looks at. */
export interface Rows {
  view: string;
  offset: number;
  matches: number;
  rows: RunRow[];
}

export interface Reply {
  type: "reply";
  id: string;
  ok: boolean;
  error?: string;
  hint?: string;
  run?: string;
  text?: string;
}

export type Message =
  | { type: "patch"; run: string; patch: Patch }
  | { type: "run"; run: string; face: Face; now: Now }
  | { type: "board"; board: Board }
  | { type: "rows"; rows: Rows }
  | Reply;

export const BUSY_AFTER_MS = 1000;
