// An effect in a few words, from its document: `call fetch(url)`, `retry`, `wait 1.2 s`.

import type { Json, JsonObject } from "../wire";

export const COMPOSED: ReadonlySet<string> = new Set([
  "sequence", "parallel", "race", "retry", "timeout", "with_compensation", "circuit_breaker", "saga", "batch", "cache",
  "rate_limit", "bulkhead", "fallback", "when", "for_each",
]);
export const GATES: ReadonlySet<string> = new Set(["circuit_breaker", "rate_limit", "bulkhead", "cache"]);
/** The words of a document that say what it is about, the first one that is there. */
const ABOUT = ["function", "tool", "url", "machine", "agent", "event", "to", "key", "model", "index", "knowledge", "message", "name", "into"];
const LONGEST = 90;
const UNITS: Partial<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** What it is (`call`, `circuit breaker`) and what it is about (`fetch(url)`). */
export function wordsOf(kind: string, spec: JsonObject | null): [string, string] {
  const text = (name: string): string => (typeof spec?.[name] === "string" ? spec[name] : "");
  const name = text("name") && `"${text("name")}"`;
  switch (kind) {
    case "call": return ["call", `${text("function")}(${argsOf(spec?.args)})`];
    case "call_api": return ["call api", `${text("method") || "GET"} ${text("url")}`];
    case "delay": return ["wait", secondsOf(spec?.for)];
    case "timeout": return ["timeout", secondsOf(spec?.after)];
    case "permit": return ["permit", `${text("of").replaceAll("_", " ")} ${name}`.trim()];
    case "for_each": case "batch": return [kind.replace("_", " "), text("items")];
    case "when": return ["when", text("when")];
    case "send_event": return ["send", `${text("event")} to ${text("to")}`];
  }
  if (GATES.has(kind)) return [kind.replace("_", " "), name];
  if (COMPOSED.has(kind)) return [kind.replaceAll("_", " "), ""];
  return [kind.replaceAll("_", " ") || "effect", cut(ABOUT.map(text).find(Boolean) ?? "")];
}

/** Seconds, or a duration as documents write it, for people: `1.2 s`, `250 ms`, `2 min`. */
export function secondsOf(value: Json | undefined): string {
  if (typeof value === "number") return spanOf(value * 1000);
  const found = typeof value === "string" ? /^([\d.]+)(ms|s|m|h)$/.exec(value) : null;
  if (!found) return typeof value === "string" ? value : "";
  return spanOf(Number(found[1]) * (UNITS[found[2] ?? "s"] ?? 1) * 1000);
}

/** A time in milliseconds, as a person says it. */
export function spanOf(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 10 && seconds % 1 !== 0 ? seconds.toFixed(1) : Math.floor(seconds)} s`;
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  if (seconds < 3600) return seconds % 60 < 1 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)}:${two(seconds % 60)} min`;
  return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)} h`;
}

function argsOf(args: Json | undefined): string {
  if (args === null || typeof args !== "object" || Array.isArray(args)) return "";
  const values = Object.entries(args).map(([name, value]) => {
    const said = typeof value === "string" ? value : JSON.stringify(value);
    return Object.keys(args).length === 1 ? said : `${name}: ${said}`;
  });
  return cut(values.join(", "));
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
