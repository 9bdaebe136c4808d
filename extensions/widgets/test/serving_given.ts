// A server and its clients as Python would send them, for tests.

import { Commands } from "../src/commands";
import type { Question } from "../src/questions";
import { ServingStore } from "../src/serving/store";
import { servingView } from "../src/serving/view";
import type { CallRow, ClientRow, Now } from "../src/serving/wire";
import type { JsonObject, Reply } from "../src/wire";
import { FakeModel } from "./given";

export const CLIENT: ClientRow = { id: "c1", name: "scout", version: "1.2", era: "2026-07-28", tenant: "default", label: "", scopes: ["read"], since: 1_700_000_000_000, calls: 3 };
export const CALL: CallRow = { at: 1_700_000_000_000, client: "scout", tenant: "default", tool: "send_event", arguments: '{\n  "fsm_id": "d1",\n  "event": "open"\n}', outcome: "ok", took: 0.002, run: "d1" };
export const QUESTION: Question = { id: "q1", text: "An agent (scout) wants to call destroy_fsm.", who: "scout", tool: "destroy_fsm", tenant: "default", run: "d1", at: Date.now(), arguments: '{\n  "fsm_id": "d1"\n}' };

export const NOW: Now = {
  rev: 0, serving: true, title: "Lab in memory", url: "http://127.0.0.1:4000/mcp", tenant: "default", guarded: true, rate: 0,
  sets: [{ name: "core", on: true }, { name: "debug", on: false }], clients: { rows: [], more: 0 }, calls: [], questions: { rows: [], more: 0 },
};

export interface Shown {
  el: HTMLElement;
  store: ServingStore;
  asked: JsonObject[];
  /** What of the server is different now. */
  tell: (set: Partial<Now>) => void;
  /** Answer the newest command of this kind. */
  reply: (what: string, answer: Partial<Reply>) => Promise<void>;
  button: (name: string) => HTMLButtonElement;
  text: (selector: string) => string[];
}

const ends: AbortController[] = [];

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}

/** A view on the screen; what it asks of Python is remembered. */
export function show(now: Partial<Now> = {}): Shown {
  const asked: JsonObject[] = [];
  const model = new FakeModel({ key: "k", now: { ...NOW, ...now } });
  const send = (data: JsonObject): Promise<void> => Promise.resolve(void asked.push(data));
  const store = new ServingStore(model, new Commands(model, "k", () => Promise.resolve({ free: true, idle: () => true, send } as never)));
  const end = new AbortController();
  ends.push(end);
  const el = servingView(store, end.signal);
  document.body.append(el);
  const reply = async (what: string, answer: Partial<Reply>): Promise<void> => {
    await settled();
    const command = asked.filter((one) => one.do === what).at(-1);
    store.hear({ type: "reply", id: command?.id as string, ok: true, ...answer });
    await settled();
  };
  const button = (name: string): HTMLButtonElement => {
    const fits = (one: HTMLButtonElement): boolean => one.getAttribute("aria-label") === name || one.textContent === name;
    const found = [...el.querySelectorAll("button")].find(fits);
    if (!found) throw new Error(`no button ${name}`);
    return found;
  };
  return {
    el, store, asked, reply, button,
    tell: (set) => store.hear({ type: "serving", set: { ...set, rev: store.now.rev + 1 } }),
    text: (selector) => [...el.querySelectorAll(selector)].map((one) => one.textContent),
  };
}

export function closeAll(): void {
  for (const end of ends.splice(0)) end.abort();
  document.body.replaceChildren();
}
