// Which effect stands at a place below a composed one, and how that one stands by what is below it.

import type { Json, JsonObject } from "../wire";
import { isOpen, type Branch, type State } from "./model";
import { GATES } from "./words";

/** The document of child `index`; null where it cannot be known. */
export function childSpec(spec: JsonObject | null, index: number): JsonObject | null {
  if (!spec) return null;
  switch (spec.kind) {
    case "sequence": case "parallel": case "race": case "fallback": return objectOf(listOf(spec, "effects")[index]);
    case "saga": return objectOf(listOf(spec, "steps")[index]);
    case "retry": return index % 2 ? { kind: "delay" } : objectOf(spec.effect);
    case "timeout": return index === 1 ? { kind: "delay", for: spec.after ?? "" } : objectOf(spec.effect);
    case "when": return objectOf(index === 1 ? spec.otherwise : spec.effect);
    case "for_each": case "batch": return objectOf(spec.effect);
    default:
  }
  if (typeof spec.kind === "string" && GATES.has(spec.kind)) return index === 1 ? { kind: "permit", of: spec.kind, name: spec.name ?? "" } : objectOf(spec.effect);
  return objectOf(index === 1 ? spec.undo : spec.effect); // with_compensation, and a step of a saga
}

/** How many children the document names; undefined where only running it tells. */
export function countOf(spec: JsonObject | null): number | undefined {
  if (typeof spec?.count === "number") return spec.count;
  const list = spec?.kind === "saga" ? spec.steps : spec?.effects;
  return Array.isArray(list) ? list.length : undefined;
}

/** How a composed effect without facts of its own stands. `around`: how the root ended, if it did. */
export function stateBelow(kind: string, spec: JsonObject | null, kids: ReadonlyMap<number, Branch>, around: State | null): State {
  const states = [...kids.values()].map((kid) => kid.state);
  if (states.includes("asks")) return "asks";
  if (states.some(isOpen)) return states.includes("running") ? "running" : "waiting";
  if (!states.length) return around ?? "waiting";
  const found = settled(kind, spec, kids, states);
  if (found !== "running" || !around) return found;
  return around === "done" ? "done" : "cancelled";
}

/** How it stands where nothing in it is under way; "running": something is still to come. */
function settled(kind: string, spec: JsonObject | null, kids: ReadonlyMap<number, Branch>, states: readonly State[]): State {
  const at = (index: number): State | undefined => kids.get(index)?.state;
  const total = countOf(spec) ?? Infinity;
  const some = (state: State): boolean => states.includes(state);
  const last = Math.max(...kids.keys());
  switch (kind) {
    case "sequence": case "saga":
      if (some("failed")) return "failed";
      if (some("cancelled")) return "cancelled";
      return last >= total - 1 ? (some("undone") ? "undone" : "done") : some("undone") ? "undone" : "running";
    case "parallel": case "for_each": case "batch":
      if (some("failed") && spec?.settle !== true) return "failed";
      if (some("cancelled")) return "cancelled";
      return states.length >= total ? "done" : "running";
    case "race": case "fallback":
      if (some("done")) return "done";
      if (some("cancelled")) return "cancelled";
      return states.length >= total ? "failed" : "running";
    case "retry": {
      const state = at(last - (last % 2));
      const most = typeof spec?.attempts === "number" ? spec.attempts : 3;
      return state === "failed" && last / 2 + 1 < most ? "running" : state ?? "running";
    }
    case "timeout": return at(1) === "done" ? "failed" : at(0) ?? "running";
    case "when": return states[0] ?? "running";
  }
  if (GATES.has(kind)) return at(0) ?? (at(1) === "failed" ? "failed" : isHit(kids.get(1)) ? "done" : at(1) === "cancelled" ? "cancelled" : "running");
  const undone = at(1); // with_compensation
  if (undone === "done") return "undone";
  return undone ?? at(0) ?? "running";
}

/** Whether a cache's permit answered itself. */
export function isHit(permit: Branch | undefined): boolean {
  return objectOf(permit?.row?.result)?.hit === true;
}

export function objectOf(value: Json | undefined): JsonObject | null {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
}

function listOf(spec: JsonObject, name: string): Json[] {
  const value = spec[name];
  return Array.isArray(value) ? value : [];
}
