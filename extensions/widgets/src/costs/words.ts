// Money, tokens and times as people read them; what is unknown is said, never shown as 0.

import type { Group, Sums, Unit } from "./wire";

export const UNKNOWN = "unknown";
export const UNIT_NAMES: Record<Unit, string> = { usd: "Money", tokens: "Tokens", seconds: "Time" };

export function money(usd: number | null): string {
  if (usd === null) return UNKNOWN;
  const size = Math.abs(usd);
  const digits = size >= 1 || size === 0 ? 2 : Math.min(12, 2 - Math.floor(Math.log10(size)));
  return `$${usd.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
}

export function took(seconds: number): string {
  if (seconds > 0 && seconds < 0.0005) return "<1 ms";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`;
}

export function num(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 0 });
}

export function amount(unit: Unit | "calls", value: number | null): string {
  if (value === null) return unit === "usd" ? UNKNOWN : "";
  return unit === "usd" ? money(value) : unit === "seconds" ? took(value) : num(value);
}

/** What a group took; null where it is not known. */
export function actual(row: Sums, unit: Unit): number | null {
  if (unit === "tokens") return row.tokens_in + row.tokens_out;
  return row[unit];
}

/** How far an estimate was off: `+10%` foresaw too much. */
export function off(error: number | null): string {
  if (error === null) return "";
  const sign = error > 0 ? "+" : "";
  return Math.abs(error) < 10 ? `${sign}${Math.round(error * 100)}%` : `${sign}${Math.round(error)}x`;
}

/** `$0.012 + 2 unknown` */
export function cost(row: Sums): string {
  if (row.usd === null || !row.unpriced) return money(row.usd);
  return `${money(row.usd)} + ${num(row.unpriced)} ${UNKNOWN}`;
}

/** `≈$0.010 → $0.012`: what was foreseen, and what came. */
export function fromTo(row: Sums, unit: Unit): string {
  const was = row.estimate[unit];
  const value = actual(row, unit);
  const more = unit === "usd" && row.unpriced && value !== null ? " + ?" : "";
  const came = row.calls ? amount(unit, value) + more : "–";
  return was === null ? came : `≈${amount(unit, was)} → ${came}`;
}

export function many(count: number, word: string): string {
  return `${num(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** What estimate and actual are compared in at first: money where any was spent, else tokens. */
export function firstUnit(total: Sums): Unit {
  return total.usd || total.estimate.usd || total.unpriced ? "usd" : "tokens";
}

export function nameOf(row: Group): string {
  return (row.run ?? row.state ?? row.model ?? row.machine ?? row.tenant ?? "") || "(start)";
}
