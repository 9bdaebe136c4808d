// Small line icons of the debugger, each one path on 16 by 16.

import { ICONS } from "../dom";
import { groupOf } from "./words";

export const MORE = {
  first: "M4 3.5v9M12 3.5L6.5 8L12 12.5",
  last: "M12 3.5v9M4 3.5L9.5 8L4 12.5",
  play: "M5 3.2L12.5 8L5 12.8z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  follow: "M2.5 8h8M7.5 4.5L11 8L7.5 11.5M13.5 3.500v9",
  fork: "M4.500 2.500v11M4.500 8.500c4.500 0 7-1.500 7-5M9.300 5L11.500 2.800L13.700 5",
  out: "M8 10V2.500M5 5.300L8 2.500L11 5.300M3 9.500v4h10v-4",
  in: "M8 2.500V10M5 7.200L8 10L11 7.200M3 9.500v4h10v-4",
  dots: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  pin: "M5.500 2.500h5M6.500 2.500v4.500L4 9.500h8L9.500 7V2.500M8 9.500v4",
  event: "M8.800 2L3.500 9h4L7 14l5.500-7.500h-4z",
  effect: "M3 8h8.500M8 4.500L11.500 8L8 11.500M13.500 4v8",
  start: "M8 4a4 4 0 1 1 0 8a4 4 0 0 1 0-8",
  flag: "M4 14V2.500h7.500l-2 3l2 3H4",
  note: "M3.500 3h9v10h-9zM6 6.500h4M6 9.500h2.500",
  up: "M4 10L8 6L12 10",
  down: "M4 6L8 10L12 6",
  step: "M2.500 8h7M6.500 4.800L9.800 8L6.500 11.200M13 6.500a1.500 1.500 0 1 1 0 3a1.500 1.500 0 0 1 0-3",
} as const;

/** The path of the icon of a fact's kind. */
export function kindPath(kind: string): string {
  if (kind === "event.refused" || kind === "effect.failed") return ICONS.alert;
  if (kind === "run.started") return MORE.start;
  if (kind === "run.forked") return MORE.fork;
  if (kind === "run.done") return MORE.flag;
  switch (groupOf(kind)) {
    case "events": return MORE.event;
    case "effects": return MORE.effect;
    case "debug": return ICONS.held;
    default: return MORE.note;
  }
}
