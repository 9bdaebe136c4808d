// The costs widget's views: numbers, bars, shades, unknown prices, keys, and the way to a step.
import { afterEach, expect, test, vi } from "vitest";

// the plotter needs a canvas, which only a real browser has
vi.mock("uplot", () => ({ default: class { static paths = {}; setData(): void { /* drawn elsewhere */ } setSize(): void { /* so is this */ } destroy(): void { /* and this */ } } }));

import { GO } from "../src/costs/go";
import { amount, cost, fromTo, money, off, took } from "../src/costs/words";
import { CALL, closeAll, EMPTY, MANY, RUN, show, STATES, sums } from "./costs_given";
import { tick } from "./given";

afterEach(closeAll);

test("numbers are said with as many digits as mean something, and unknown is never 0", () => {
  expect([0, 1.5, 1234.5, 0.0123, 0.5694, 0.0001, 0.00002].map(money)).toEqual(["$0.00", "$1.50", "$1,234.50", "$0.0123", "$0.569", "$0.0001", "$0.00002"]);
  expect([money(null), amount("usd", null), amount("tokens", null)]).toEqual(["unknown", "unknown", ""]);
  expect([took(0), took(0.0001), took(0.25), took(2), took(300)]).toEqual(["0 ms", "<1 ms", "250 ms", "2.0 s", "5.0 min"]);
  expect([off(null), off(0.1), off(-0.256), off(0), off(40)]).toEqual(["", "+10%", "-26%", "0%", "+40x"]);
  expect(cost(sums({ usd: 0.5, unpriced: 2 }))).toBe("$0.50 + 2 unknown");
  expect(cost(sums({ usd: null, unpriced: 1 }))).toBe("unknown");
  expect(fromTo(sums({ calls: 0, estimate: { usd: 0.5, tokens: 1, seconds: 1 } }), "usd")).toBe("≈$0.50 → –");
});

test("states show what was foreseen and what came, and an unknown price is marked", () => {
  const { text, el } = show(RUN);
  expect(text("[aria-label='Foreseen and actual by state'] .tlw-cname")).toEqual(["classify", "The answer"]);
  expect(text("[aria-label='Foreseen and actual by state'] .tlw-cnum")).toEqual(["≈$0.01 → $0.01", "$0.04 + 1 unknown"]);
  expect(text("[data-group='new/x'] .tlw-cunknown")).toEqual(["unknown"]);
  expect(text(".tlw-cnotes p")[0]).toContain("1 call with an unknown price: not in the sum, not 0");
  expect(el.querySelector(".tlw-shadeunknown")).not.toBeNull();
});

test("the diagram is shaded by cost, and anew when other numbers come", () => {
  const { el, text, tell } = show(RUN);
  const deep = (): number[] => [...el.querySelectorAll(".tlw-shade")].map((one) => Number(one.getAttribute("fill-opacity")));
  expect(text(".tlw-shadetext")).toEqual(["≈$0.01 → $0.01", "$0.04 + ?"]);
  expect(deep()).toHaveLength(2);
  tell({ ...RUN, states: [{ ...STATES[0], ...sums({ usd: 0.5 }), state: "classify" }] });
  expect(text(".tlw-shadetext")).toEqual(["$0.50"]);
  expect(deep()).toEqual([0.5]);
});

test("a person chooses what is compared, by hand or by a digit", () => {
  const { el, text } = show(RUN);
  const chosen = (): string | undefined => el.querySelector<HTMLElement>("[role=radio][aria-checked=true]")?.dataset.unit;
  expect(chosen()).toBe("usd");
  el.dispatchEvent(new KeyboardEvent("keydown", { key: "2" }));
  expect(chosen()).toBe("tokens");
  expect(text("[data-group=classify] .tlw-cnum")[0]).toBe("≈110 → 110");
  el.querySelector<HTMLElement>("[data-unit=seconds]")?.click();
  expect(text("[data-group=classify] .tlw-cnum")[0]).toBe("≈1.0 s → 1.0 s");
});

test("where nothing costs money tokens are compared at first", () => {
  const free = sums({ usd: 0 });
  const { text } = show({ ...RUN, total: free, states: [{ state: "classify", ...free }] });
  expect(text("[data-group=classify] .tlw-cnum")).toEqual(["110"]);
});

test("before any call it says that none was made, and fills when one comes", () => {
  const { el, text, tell } = show(EMPTY);
  expect(text(".tlw-cnone")[0]).toContain("No model was asked yet.");
  expect(el.querySelector<HTMLElement>(".tlw-cgrid")?.hidden).toBe(true);
  tell(RUN);
  expect(el.querySelector<HTMLElement>(".tlw-cnone")?.hidden).toBe(true);
  expect(text(".tlw-chip")).toEqual(["running"]);
  tell({ ...EMPTY, status: "done" });
  expect(text(".tlw-cnone")).toEqual(["No model was asked."]);
});

test("what is foreseen of a run shows before its first call", () => {
  const planned = sums({ calls: 0, usd: 0, estimate: { usd: 0.5, tokens: 10, seconds: 1 } });
  const { el, text } = show({ ...EMPTY, states: [{ state: "answer", ...planned }], total: { ...planned, foreseen: "before" } });
  expect(el.querySelector<HTMLElement>(".tlw-cgrid")?.hidden).toBe(false);
  expect(text("[data-group=answer] .tlw-cnum")).toEqual(["≈$0.50 → –"]);
});

test("a press on a call goes to its step and tells more of it", () => {
  const { el, text } = show(RUN);
  const went = vi.fn();
  document.addEventListener(GO, (event) => { went((event as CustomEvent<unknown>).detail); }, { once: true });
  el.querySelector<HTMLElement>("button[data-seq='7']")?.click();
  expect(went).toHaveBeenCalledWith({ run: "t1", seq: 7 });
  expect(text(".tlw-cmore")[0]).toContain("Foreseen: $0.02, 100 tokens, 1.0 s, off by -50%");
  expect(text(".tlw-cmore")[0]).toContain("Because: 3 calls before");
  el.querySelector<HTMLElement>("button[data-seq='7']")?.click();
  expect(text(".tlw-cmore")).toEqual([]);
});

test("a call with no price and one that failed are marked", () => {
  const { el } = show(RUN);
  const rows = [...el.querySelectorAll(".tlw-ccalls tbody tr")];
  expect(rows.map((row) => row.className)).toEqual(["", "tlw-cfailed"]);
  expect(rows[1]?.querySelector(".tlw-cunknown")?.textContent).toBe("unknown");
});

test("the focus stays on a call while numbers come", () => {
  const { el, tell } = show(RUN);
  el.querySelector<HTMLElement>("button[data-seq='5']")?.focus();
  tell({ ...RUN, calls: [{ ...CALL, seq: 11 }, ...RUN.calls] });
  expect((document.activeElement as HTMLElement).dataset.seq).toBe("5");
});

test("budgets are gauges with what is spent, set aside and left", () => {
  const { el, text, tell } = show(RUN);
  expect(text("[data-budget=lab] .tlw-num")).toEqual(["$0.05 of $0.10, $0.02 set aside, $0.03 left"]);
  const gauge = el.querySelector("[role=meter]");
  expect([gauge?.getAttribute("aria-valuenow"), gauge?.getAttribute("aria-valuemax")]).toEqual(["0.05", "0.1"]);
  const [limit] = RUN.limits;
  if (limit) tell({ ...RUN, limits: [{ ...limit, spent: 0.2 }] });
  expect(el.querySelector(".tlw-cover")).not.toBeNull();
});

test("CSV is asked for by the button and by c, and what goes wrong is said", async () => {
  const { el, store, asked } = show(RUN);
  const trouble = vi.fn();
  store.trouble = trouble;
  el.querySelector<HTMLElement>(".tlw-ccsv")?.click();
  await tick();
  expect(asked.map((one) => one.do)).toEqual(["csv"]);
  store.hear({ type: "reply", id: asked[0]?.id as string, ok: false, error: "The lab of this run is closed." }, []);
  await tick();
  expect(trouble).toHaveBeenCalledWith("The lab of this run is closed.", undefined);
  el.dispatchEvent(new KeyboardEvent("keydown", { key: "c" }));
  await tick();
  expect(asked).toHaveLength(2);
});

test("many runs: tenants, machines, the dearest, and those with something unknown", () => {
  const { el, text } = show(MANY);
  expect(text(".tlw-chead h3")[0]).toBe("Costs of 7 runs");
  expect(text("[aria-label='Charge back by tenant'] .tlw-cname")).toEqual(["acme", "globex"]);
  expect(text("[aria-label='Most expensive runs'] .tlw-cname")).toEqual(["t1"]);
  expect(text("[aria-label='How it is spread over runs'] .tlw-empty")[0]).toBe("1 run with something unknown left out.");
  expect(el.querySelector("[aria-label^='Median money a run over 2 batches']")).not.toBeNull();
});

test("names are text, whatever is in them", () => {
  const { el } = show({ ...RUN, states: [{ state: "<img src=x>", ...sums() }] });
  expect(el.querySelector("img")).toBeNull();
});
