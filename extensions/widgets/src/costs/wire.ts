// What Python tells of costs, as types. A number that is null is not known, never 0.

export type Unit = "usd" | "tokens" | "seconds";
export type Units = Record<Unit, number | null>;

export interface Sums {
  calls: number;
  tokens_in: number;
  tokens_out: number;
  cache_read: number;
  cache_write: number;
  reasoning: number;
  usd: number | null;
  unpriced: number;
  recorded_usd: number;
  seconds: number;
  failed: number;
  estimate: Units;
  error: Units;
  foreseen: string;
}

export interface Group extends Sums {
  state?: string;
  model?: string;
  machine?: string;
  tenant?: string;
  run?: string;
  runs?: number;
  done?: boolean;
}

export interface CallRow {
  seq: number;
  at: number;
  state: string;
  model: string;
  purpose: string;
  tokens_in: number;
  tokens_out: number;
  cache_read: number;
  cache_write: number;
  reasoning: number;
  usd: number | null;
  seconds: number;
  how: string;
  recorded_usd: number | null;
  source: string;
  node: string;
  failed: string;
  why: string;
  estimate: Units;
}

/** What had been used by a time; `at` in seconds since the epoch. */
export interface Line {
  at: number[];
  usd: number[];
  tokens: number[];
  seconds: number[];
}

/** A budget: `own` where only what is shown counts in it, so that its limit is a line over it. */
export interface Limit {
  budget: string;
  unit: Unit | "calls";
  limit: number;
  spent: number;
  reserved: number;
  hard: boolean;
  own: boolean;
}

export interface Face {
  many: boolean;
  run?: string;
  machine?: string;
  title?: string;
  titles?: Record<string, string>;
  svg?: string;
  where?: string;
}

export interface RunNow {
  status: "running" | "done" | "recorded";
  seq: number;
  total: Sums;
  states: Group[];
  models: Group[];
  calls: CallRow[];
  line: Line;
  limits: Limit[];
}

export interface Spread {
  edges: number[];
  counts: number[];
  unknown: number;
}

export interface Batch {
  machine: string;
  batch: number;
  runs: number;
  p50: number | null;
  p90: number | null;
  error: number | null;
}

export interface ManyNow {
  count: number;
  total: Sums;
  machines: Group[];
  tenants: Group[];
  models: Group[];
  runs: Group[];
  spread: Record<Unit, Spread>;
  drift: Record<Unit, Batch[]>;
  limits: Limit[];
}

export type Now = RunNow | ManyNow;

export type CostsMessage =
  | { type: "costs"; now: Now }
  | { type: "file"; name: string; mime: string }
  | { type: "reply"; id: string; ok: boolean; error?: string; hint?: string };
