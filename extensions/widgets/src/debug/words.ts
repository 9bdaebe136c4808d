// A fact in a few words, for lists, tooltips and screen readers.

import type { Track } from "./track";

/** `seq 123 of 10,000: opening, open_command` */
export function words(track: Track, seq: number): string {
  const of = `seq ${num(seq)} of ${num(track.total)}`;
  if (seq <= 0) return `${of}: before it began`;
  if (!track.rows.has(seq)) return `${of}: loading`;
  return `${of}: ${track.state(seq) || "no state"}, ${label(track, seq)}`;
}

/** What a fact is called: its event, or its kind and what it is about. */
export function label(track: Track, seq: number): string {
  const kind = track.kind(seq);
  const name = track.name(seq);
  switch (kind) {
    case "event": return name;
    case "run.started": return "start";
    case "run.forked": return "fork";
    case "run.done": return name === "stopped" ? "stopped" : "done";
    case "event.refused": return `${name} refused`;
    case "event.held": return `${name} waits`;
    case "debug": return `debug ${name}`;
    default: {
      const [what, how] = kind.split(".");
      return what === "effect" && how ? `${name} ${how}` : name || kind;
    }
  }
}

export type Group = "events" | "effects" | "refused" | "debug" | "other";

export const GROUPS: readonly { id: Group; title: string }[] = [
  { id: "events", title: "Events" },
  { id: "effects", title: "Effects" },
  { id: "refused", title: "Errors" },
  { id: "debug", title: "Debugger" },
  { id: "other", title: "Other" },
];

/** The kinds of fact a run may have, also where no fact of them is here yet. */
export const KINDS: readonly string[] = [
  "run.started", "run.forked", "run.done", "event", "event.refused", "event.held", "step", "note", "debug",
  ...["started", "progress", "completed", "failed", "cancelled", "held"].map((how) => `effect.${how}`),
];

export function groupOf(kind: string): Group {
  if (kind === "event" || kind.startsWith("run.")) return "events";
  if (kind === "debug" || kind.endsWith(".held")) return "debug";
  if (kind === "event.refused" || kind === "effect.failed") return "refused";
  if (/^(effect|model|tool|human)\./.test(kind)) return "effects";
  return "other";
}

/** What was left and what was entered by a fact; in parallel regions only those that moved. */
export function way(track: Track, seq: number): [string, string] {
  const before = track.rows.has(seq - 1) ? track.leaves(track.rows.state[seq - 2] ?? 0) : [];
  const after = track.rows.has(seq) ? track.leaves(track.rows.state[seq - 1] ?? 0) : [];
  if (before === after) return ["", ""];
  const left = before.filter((leaf) => !after.includes(leaf));
  const entered = after.filter((leaf) => !before.includes(leaf));
  return [left.join(" · "), entered.join(" · ")];
}

const NUMBERS = new Intl.NumberFormat("en");

export function num(value: number): string {
  return NUMBERS.format(value);
}

/** A duration in microseconds, as a person reads it. */
export function took(us: number): string {
  if (us < 1000) return `${us} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
  return `${(us / 1_000_000).toFixed(us < 10_000_000 ? 2 : 1)} s`;
}
