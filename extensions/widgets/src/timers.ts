// The timers of a run, and how long they still take.

import { h, icon, ICONS } from "./dom";
import type { RunStore } from "./store";
import type { TimerRow } from "./wire";

const TICK_MS = 1000;

export function timerLine(store: RunStore, signal: AbortSignal): HTMLElement {
  const el = h("div", { class: "tlw-effects", attrs: { role: "group", "aria-label": "Timers" } });
  let ticking: ReturnType<typeof setInterval> | undefined;
  const draw = (): void => {
    const { timers } = store.now;
    el.replaceChildren(...timers.map((timer) => timerEl(timer, Date.now())));
    clearInterval(ticking);
    ticking = timers.length ? setInterval(draw, TICK_MS) : undefined;
  };
  store.watch((_, changed) => {
    if (changed.has("timers")) draw();
  }, signal);
  signal.addEventListener("abort", () => clearInterval(ticking));
  return el;
}

function timerEl(timer: TimerRow, now: number): HTMLElement {
  const attrs = { title: `${timer.event} at ${new Date(timer.due).toLocaleTimeString()}` };
  return h("span", { class: "tlw-effect tlw-timer", attrs }, icon(ICONS.clock), h("b", {}, timer.state), `times out in ${left(timer.due - now)}`);
}

/** A time still to come, as a person says it: `45 s`, `2:05 min`, `1:02 h`. */
export function left(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)} min`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)} h`;
}
