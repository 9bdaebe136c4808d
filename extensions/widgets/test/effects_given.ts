// Effects as Python would send them, for tests.

import type { EffectRow, EffectWindow, JsonObject } from "../src/wire";

export const T0 = 1_700_000_000_000;

export function effect(path: string, status: EffectRow["status"] = "running", more: Partial<EffectRow> = {}): EffectRow {
  const kind = typeof more.spec?.kind === "string" ? more.spec.kind : "call";
  const ended = status === "running" || status === "asks" ? {} : { ended: T0 + 1200 };
  return { path, kind, owner: "busy", status, seq: 1, began: T0, starts: 1, ...ended, ...more };
}

export function call(name: string, args: JsonObject = {}): JsonObject {
  return { kind: "call", function: name, args };
}

export function windowOf(rows: readonly EffectRow[], cut: EffectWindow["cut"] = {}): EffectWindow {
  return { rows: Object.fromEntries(rows.map((row) => [row.path, row])), cut };
}
