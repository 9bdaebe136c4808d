// A debugged run as Python would send it, for tests: a door that opens and closes, with all kinds of facts.

import { Commands } from "../src/commands";
import { Session } from "../src/debug/session";
import { debugView } from "../src/debug/view";
import type { CompareMessage, Detail, PageMessage, RowsMessage, Stand, TrackMessage } from "../src/debug/wire";
import type { Json, JsonObject } from "../src/wire";
import { face, FakeModel, tick } from "./given";

export interface Row {
  kind: string;
  name: string;
  state: number;
  taken?: number;
  flags?: number;
  path?: string;
}

export const KINDS = ["run.started", "event", "effect.started", "effect.completed", "effect.failed", "event.refused", "debug", "note"];
export const NAMES = ["SmartDoor", "open_command", "fully_open", "call", "kick", "paused", "hello"];
export const STATES = [["closed"], ["opening"]];
export const TAKEN = [[], ["closed#0"]];

/** Fact `seq` of the run: opens and closes again and again; every 50th fails, every 10th is an effect. */
export function rowAt(seq: number): Row {
  if (seq === 1) return { kind: "run.started", name: "SmartDoor", state: 0, flags: 5 };
  if (seq % 50 === 0) return { kind: "effect.failed", name: "call", state: (seq - 2) % 2, flags: 2 };
  if (seq % 10 === 0) return { kind: "effect.completed", name: "call", state: (seq - 2) % 2 };
  return { kind: "event", name: seq % 2 ? "fully_open" : "open_command", state: (seq - 1) % 2, taken: 1, flags: 5 };
}

export function detailAt(seq: number): Detail {
  const row = rowAt(seq);
  if (row.kind === "effect.failed") return { path: `${seq - 1}/0`, error: { kind: "EffectError", message: "no answer" } };
  if (row.kind === "effect.completed") return { path: `${seq - 1}/0`, result: { ok: true }, duration_us: 1500 };
  if (seq === 1) return { set: { opened: 0, who: { name: "a", tries: [1, 2] } } };
  return seq % 7 === 0 ? { set: { opened: seq }, del: ["late"], event: { by: "u1" } } : { set: { opened: seq, ...(seq % 5 ? {} : { late: true }) } };
}

/** The data after a fact, folded from the first: what the store must answer with. */
export function folded(seq: number): JsonObject {
  let data: JsonObject = {};
  for (let at = 1; at <= seq; at++) {
    const detail = detailAt(at);
    data = { ...data, ...detail.set };
    for (const key of detail.del ?? []) Reflect.deleteProperty(data, key);
  }
  return data;
}

export function trackMessage(total: number, more: Partial<TrackMessage> = {}): TrackMessage {
  return {
    type: "track", track: "a", run: "door_001", live: true, status: "running", total, face,
    tables: { kinds: [...KINDS], names: [...NAMES], states: [...STATES], taken: [...TAKEN] },
    forked_from: null, forked_at: null, page: 64, detail: 16, overview: null, ...more,
  };
}

export function rowsMessage(first: number, rows: readonly Row[], more: Partial<RowsMessage> = {}): [RowsMessage, DataView[]] {
  const numbers = (make: (row: Row, at: number) => number, bytes: 1 | 4 | 8): DataView => {
    const view = new DataView(new ArrayBuffer(rows.length * bytes + 3), 3); // no place numbers may begin at
    rows.forEach((row, at) => {
      if (bytes === 1) view.setUint8(at, make(row, at));
      else if (bytes === 4) view.setUint32(at * 4, make(row, at), true);
      else view.setFloat64(at * 8, make(row, at), true);
    });
    return view;
  };
  const buffers = [
    numbers((_, at) => 1_700_000_000_000 + (first + at) * 10, 8), numbers((row) => KINDS.indexOf(row.kind), 1),
    numbers((row) => NAMES.indexOf(row.name), 4), numbers((row) => row.state, 4),
    numbers((row) => row.taken ?? 0, 4), numbers((row) => row.flags ?? 0, 1),
  ];
  const paths = rows.flatMap((row, at) => (/^(effect|human)\./.test(row.kind) ? [row.path ?? detailAt(first + at).path ?? ""] : []));
  return [{ type: "rows", track: "a", first, count: rows.length, tables: {}, paths, ...more }, buffers];
}

export function rowsOf(first: number, count: number, more: Partial<RowsMessage> = {}): [RowsMessage, DataView[]] {
  return rowsMessage(first, Array.from({ length: count }, (_, at) => rowAt(first + at)), more);
}

export function pageMessage(page: number, total: number, size = 16): PageMessage {
  const first = page * size + 1;
  const count = Math.min(size, total - first + 1);
  return { type: "page", track: "a", page, first, base: folded(first - 1), rows: Array.from({ length: count }, (_, at) => detailAt(first + at)) };
}

export const stand: Stand = {
  status: "running", seq: 40, total: 40, takes: ["open_command", "set_speed"], blocked: {}, arrows: { "closed#0": "open_command" },
  timers: [], refused: null, held: null, mailbox: [], breakpoints: [],
};

export const compared: CompareMessage = {
  type: "compare", left: "door_001", right: "fork_1", first: { left: 12, right: 3 },
  rows: [[10, 1, 1], [11, 2, 1], [12, 3, 0], [13, 0, 0], [14, 4, 1]],
  data: [{ path: "opened", left: 14, right: 3 }], effects: [],
  marks: { left: ["opening"], right: [], both: ["closed", "closed#0"] }, sums: [{ name: "facts", left: 40, right: 4 }], text: "They part at seq 12 | 3.",
};

export type Command = JsonObject & { do: string; id: string };

export interface Shown {
  el: HTMLElement;
  session: Session;
  sent: Command[];
  key: (name: string, more?: KeyboardEventInit) => void;
  /** Answer the last command of this name. */
  answer: (what: string, more?: JsonObject) => Promise<void>;
  last: (what: string) => Command | undefined;
  button: (name: string) => HTMLButtonElement;
  frame: () => void;
  end: AbortController;
}

const shownNow: Shown[] = [];

/** Close every debugger that was shown: nothing of it may happen after its test. */
export function closeAll(): void {
  for (const { end, session } of shownNow.splice(0)) {
    end.abort();
    session.close();
  }
  document.body.replaceChildren();
}

/** A debugger of a run of `total` facts with everything loaded. */
export function showDebugger(total = 40, more: Partial<TrackMessage> = {}): Shown {
  const sent: Command[] = [];
  const send = (command: Json): Promise<void> => Promise.resolve(void sent.push(command as Command));
  const model = new FakeModel({ key: "k", mode: "debug", boot: { ...trackMessage(total, more), more: [{ type: "stand", track: "a", now: { ...stand, status: more.status ?? "running" } }] } });
  const commands = new Commands(model, "k", () => Promise.resolve({ free: true, idle: () => false, send }));
  const session = new Session(model, commands);
  session.hear(...rowsOf(1, total));
  for (let page = 0; page * 16 < total; page++) session.hear(pageMessage(page, total), []);
  const end = new AbortController();
  const el = debugView(session, end.signal);
  session.open();
  document.body.append(el);
  const frame = (): void => session.store.bus.flush();
  frame();
  const last = (what: string): Command | undefined => sent.findLast((command) => command.do === what);
  const shown: Shown = {
    el, session, sent, frame, end, last,
    key: (name, init) => {
      const at = el.contains(document.activeElement) ? document.activeElement : el;
      at?.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...init }));
      frame();
    },
    answer: async (what, reply = {}) => {
      session.hear({ type: "reply", id: last(what)?.id ?? "", ok: true, ...reply }, []);
      await tick();
      frame();
    },
    button: (name) => {
      const found = [...el.querySelectorAll("button")].find((one) => one.textContent === name || one.getAttribute("aria-label") === name);
      if (!found) throw new Error(`There is no button ${name}`);
      return found;
    },
  };
  shownNow.push(shown);
  return shown;
}

export function menuItem(el: HTMLElement, begins: string): HTMLButtonElement | undefined {
  return [...el.querySelectorAll<HTMLButtonElement>("[role=menuitem]")].find((one) => one.textContent.startsWith(begins));
}
