// The costs of a run and of many as Python would send them, for tests.

import { vi } from "vitest";
import { Commands } from "../src/commands";
import { manyView } from "../src/costs/many_view";
import { runView } from "../src/costs/run_view";
import { CostsStore } from "../src/costs/store";
import type { CallRow, Face, Group, ManyNow, Now, RunNow, Sums } from "../src/costs/wire";
import type { JsonObject } from "../src/wire";
import { FakeModel } from "./given";

export const SVG = `<svg xmlns="http://www.w3.org/2000/svg" class="tl-diagram" viewBox="0 0 200 100">
  <g class="tl-state tl-leaf" data-state="classify"><rect x="10" y="10" width="80" height="34"/><text>classify</text></g>
  <g class="tl-state tl-leaf" data-state="answer"><rect x="10" y="60" width="80" height="34"/><text>answer</text></g>
</svg>`;

export function sums(more: Partial<Sums> = {}): Sums {
  const none = { usd: null, tokens: null, seconds: null };
  return {
    calls: 1, tokens_in: 100, tokens_out: 10, cache_read: 0, cache_write: 0, reasoning: 0, usd: 0.01, unpriced: 0, recorded_usd: 0,
    seconds: 1, failed: 0, estimate: none, error: none, foreseen: "", ...more,
  };
}

export const CALL: CallRow = {
  seq: 7, at: 1_700_000_000_000, state: "answer", model: "a/large", purpose: "", tokens_in: 100, tokens_out: 10, cache_read: 0, cache_write: 0,
  reasoning: 0, usd: 0.04, seconds: 1.5, how: "priced", recorded_usd: null, source: "live", node: "Triage/answer#0", failed: "",
  why: "3 calls before", estimate: { usd: 0.02, tokens: 100, seconds: 1 },
};

export const STATES: Group[] = [
  { state: "classify", ...sums({ usd: 0.01, estimate: { usd: 0.01, tokens: 110, seconds: 1 }, error: { usd: 0, tokens: 0, seconds: 0 } }) },
  { state: "answer", ...sums({ calls: 2, usd: 0.04, unpriced: 1, estimate: { usd: null, tokens: null, seconds: null } }) },
];

export const RUN: RunNow = {
  status: "running", seq: 9, total: sums({ calls: 3, usd: 0.05, unpriced: 1 }), states: STATES,
  models: [{ model: "a/large", ...sums({ usd: 0.05 }) }, { model: "new/x", ...sums({ usd: null, unpriced: 1 }) }],
  calls: [CALL, { ...CALL, seq: 5, state: "classify", usd: null, failed: "no answer" }],
  line: { at: [1, 2, 3], usd: [0.01, 0.05, 0.05], tokens: [110, 220, 330], seconds: [1, 2, 3] },
  limits: [{ budget: "lab", unit: "usd", limit: 0.1, spent: 0.05, reserved: 0.02, hard: true, own: true }],
};

export const EMPTY: RunNow = {
  ...RUN, total: sums({ calls: 0, usd: 0, tokens_in: 0, tokens_out: 0, seconds: 0 }), states: [], models: [], calls: [], limits: [],
  line: { at: [], usd: [], tokens: [], seconds: [] },
};

const spread = { edges: [0, 1, 2], counts: [3, 4], unknown: 1 };
const drift = [{ machine: "Triage", batch: 1, runs: 4, p50: 0.5, p90: 1, error: null }, { machine: "Triage", batch: 2, runs: 3, p50: 0.7, p90: 1, error: 0.1 }];

export const MANY: ManyNow = {
  count: 7, total: sums({ calls: 9, usd: 2 }), machines: [{ machine: "Triage", runs: 7, ...sums({ usd: 2 }) }],
  tenants: [{ tenant: "acme", runs: 4, ...sums({ usd: 1.5 }) }, { tenant: "globex", runs: 3, ...sums({ usd: 0.5 }) }],
  models: [{ model: "a/large", runs: 7, ...sums({ usd: 2 }) }], runs: [{ run: "t1", machine: "Triage", tenant: "acme", ...sums({ usd: 1 }) }],
  spread: { usd: spread, tokens: spread, seconds: spread }, drift: { usd: drift, tokens: drift, seconds: drift }, limits: [],
};

export interface Shown {
  store: CostsStore;
  el: HTMLElement;
  asked: JsonObject[];
  tell: (now: Now) => void;
  text: (selector: string) => string[];
}

const ends: AbortController[] = [];

/** A view on the screen; what it asks of Python is remembered. */
export function show(now: Now, face: Partial<Face> = {}): Shown {
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => (work(), 0));
  const asked: JsonObject[] = [];
  const all: Face = { many: !("states" in now), run: "t1", machine: "Triage", titles: { answer: "The answer" }, svg: SVG, ...face };
  const model = new FakeModel({ key: "k", face: all, now });
  const channel = { send: (data: JsonObject) => void asked.push(data), idle: () => true };
  const store = new CostsStore(model, new Commands(model, "k", () => Promise.resolve(channel as never)));
  const end = new AbortController();
  ends.push(end);
  const { el } = all.many ? manyView(store, end.signal) : runView(store, end.signal);
  document.body.append(el);
  return {
    store, el, asked, tell: (next) => store.hear({ type: "costs", now: next }, []),
    text: (selector) => [...el.querySelectorAll(selector)].map((one) => one.textContent),
  };
}

export function closeAll(): void {
  for (const end of ends.splice(0)) end.abort();
  document.body.replaceChildren();
}
