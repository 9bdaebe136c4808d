// What Python tells of a lab's server, as types. The token is in none of them: it is asked for.

import type { QuestionList } from "../questions";
import type { Reply } from "../wire";

export interface ClientRow {
  id: string;
  name: string;
  version: string;
  /** The protocol's revision it speaks. */
  era: string;
  tenant: string;
  label: string;
  scopes: string[];
  since: number;
  calls: number;
}

export interface CallRow {
  at: number;
  client: string;
  tenant: string;
  tool: string;
  arguments: string;
  /** "ok", "cancelled", or the kind of the error. */
  outcome: string;
  /** Seconds. */
  took: number;
  run: string;
}

export interface SetRow {
  name: string;
  on: boolean;
}

export interface Now {
  rev: number;
  serving: boolean;
  title: string;
  url: string;
  tenant: string;
  /** Whether a token is asked for. */
  guarded: boolean;
  sets: SetRow[];
  rate: number;
  clients: { rows: ClientRow[]; more: number };
  calls: CallRow[];
  questions: QuestionList;
}

export type ServingMessage =
  | { type: "serving"; whole: true; set: Now }
  | { type: "serving"; whole?: false; set: Partial<Now> & { rev: number } }
  | Reply;
