// What can be done with a place in a run, a state or a field: the verbs behind menus and keys.

import type { JsonObject } from "../wire";
import { copy } from "./files";
import type { Item } from "./menu";
import type { Session } from "./session";
import type { BreakpointSpec } from "./wire";

export interface Answer {
  title: string;
  text: string;
  facts: readonly number[];
}

/** What the view offers to actions. */
export interface Desk {
  session: Session;
  /** Say something for a few seconds; "" takes it back. */
  say(text: string): void;
  show(tab: string): void;
  answer(answer: Answer): void;
  changeEvent(seq: number): void;
  forkForm(seq: number): void;
}

export async function fork(desk: Desk, args: JsonObject, what: string): Promise<void> {
  desk.say(`${what} …`);
  const reply = await desk.session.ask("fork", args);
  if (!reply.ok) desk.say(""); // the notice says why
  if (!reply.ok) return;
  desk.say(`${what}: run ${reply.run ?? ""}`);
  desk.show("compare");
}

export function skip(desk: Desk, seq: number): void {
  void fork(desk, { at: seq - 1, drop: [seq], until: "end" }, `Recomputed without fact ${seq}`);
}

export async function why(desk: Desk, seq: number, path: string): Promise<void> {
  const title = `Why ${path} at seq ${seq.toLocaleString("en")}?`;
  desk.show("why");
  desk.answer({ title, text: "", facts: [] });
  const reply = await desk.session.ask("why", { seq, path });
  if (reply.ok) desk.answer({ title, text: reply.text ?? "", facts: reply.facts ?? [] });
  else desk.answer({ title, text: reply.error ?? "There is no answer.", facts: [] });
}

export async function copyTest(desk: Desk, seq: number): Promise<void> {
  const reply = await desk.session.ask("test_case", { seq });
  if (!reply.ok) return;
  const text = reply.text ?? "";
  if (await copy(text)) desk.say("The test is on the clipboard.");
  else {
    desk.show("why"); // where the page may not write to the clipboard, a person can
    desk.answer({ title: `Test up to seq ${seq}`, text, facts: [] });
  }
}

export async function addBreakpoint(desk: Desk, spec: BreakpointSpec): Promise<boolean> {
  const reply = await desk.session.ask("breakpoint", { spec: spec as JsonObject });
  if (reply.ok) desk.say(`Breakpoint ${reply.breakpoint ?? ""} is set.`);
  return reply.ok;
}

/** What the menu of a fact offers. */
export function factMenu(desk: Desk, seq: number): Item[] {
  const { store } = desk.session;
  const track = store.a;
  const outside = track?.kind(seq) === "event" && !track.flag(seq, 8);
  const only = "only events from outside can be changed";
  return [
    { label: "Jump here", run: () => store.go(seq) },
    { label: "Skip this event and recompute", hint: outside ? "as a fork: this run stays as it is" : only, off: !outside, run: () => skip(desk, seq) },
    { label: "Change this event …", hint: outside ? "as a fork, with the events that followed" : only, off: !outside, run: () => desk.changeEvent(seq) },
    { label: "Fork here …", hint: "another run that stands here", run: () => desk.forkForm(seq) },
    { label: store.pinnedSeqs.has(seq) ? "Unpin" : "Pin", run: () => store.togglePin(seq) },
    { label: "Why this state?", run: () => void why(desk, seq, "state") },
    { label: "Copy as test", hint: "a pytest that brings a machine here", run: () => void copyTest(desk, seq) },
  ];
}

/** What the menu of a state in the picture offers. */
export function stateMenu(desk: Desk, state: string): Item[] {
  const { store } = desk.session;
  const { a, cursor } = store;
  const entered = (seq: number): boolean =>
    (a?.moved(seq) ?? false) && (a?.active(seq).includes(state) ?? false) && !(a?.active(seq - 1).includes(state) ?? false);
  const jump = (by: 1 | -1): void => {
    const found = a?.seek(cursor, by, entered) ?? 0;
    if (found) store.go(found);
    else desk.say(`${state} is not entered ${by > 0 ? "after" : "before"} here.`);
  };
  const off = !store.drivable;
  return [
    { label: "Run to here", hint: "go on until it is entered", off, run: () => void desk.session.ask("run_to", { state }) },
    { label: "Breakpoint on enter", off, run: () => void addBreakpoint(desk, { state, on: "enter" }) },
    { label: "Breakpoint on exit", off, run: () => void addBreakpoint(desk, { state, on: "exit" }) },
    { label: "Last time entered", run: () => jump(-1) },
    { label: "Next time entered", run: () => jump(1) },
    { label: "Why here?", run: () => void why(desk, cursor, state) },
  ];
}

/** What the menu of an arrow in the picture offers. */
export function arrowMenu(desk: Desk, ids: readonly string[], event: string): Item[] {
  const { store } = desk.session;
  const { a, cursor } = store;
  const took = (seq: number): boolean => a?.taken(seq).some((id) => ids.includes(id)) ?? false;
  const jump = (by: 1 | -1): void => {
    const found = a?.seek(cursor, by, took) ?? 0;
    if (found) store.go(found);
    else desk.say(`It is not taken ${by > 0 ? "after" : "before"} here.`);
  };
  const off = !store.drivable;
  return [
    { label: "Last time taken", run: () => jump(-1) },
    { label: "Next time taken", run: () => jump(1) },
    ...(event ? [{ label: `Breakpoint on ${event}`, off, run: () => void addBreakpoint(desk, { event }) }] : []),
  ];
}
