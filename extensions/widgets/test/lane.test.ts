// The lane on the screen: rows that are kept, keys of a tree, details, questions, long lists.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runView } from "../src/run_view";
import type { EffectRow, EffectWindow, JsonObject, Now } from "../src/wire";
import { call, effect, T0, windowOf } from "./effects_given";
import { fakeCommands, newStore, tick } from "./given";

let end = new AbortController();

beforeEach(() => {
  end = new AbortController();
  document.body.replaceChildren();
});

afterEach(() => {
  end.abort();
  vi.useRealTimers();
});

function show(effects: EffectWindow, changes: Partial<Now> = {}) {
  const store = newStore({ effects, ...changes });
  const { commands, sent } = fakeCommands();
  const el = runView(store, commands, end.signal);
  document.body.append(el);
  const rows = (): HTMLElement[] => [...el.querySelectorAll<HTMLElement>(".tlw-lane [role=treeitem]")];
  const row = (path: string): HTMLElement => rows().find((one) => one.dataset.path === path)!;
  const key = (name: string): void => void document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  const put = (rev: number, set: Record<string, EffectRow>, del: string[] = [], cut: EffectWindow["cut"] = {}): void => void store.apply({ rev, set: {}, effects: { set, del, cut } });
  return { el, store, sent, rows, row, key, put };
}

const PARALLEL: JsonObject = { kind: "parallel", effects: [{ kind: "retry", attempts: 3, effect: call("a") }, call("b")] };
const two = windowOf([
  effect("3/0", "running", { spec: PARALLEL }),
  effect("3/0/0/0", "failed", { spec: call("a"), error: { kind: "Busy", message: "try later" } }),
  effect("3/0/1", "running", { spec: call("b"), fraction: 0.4, message: "reading" }),
]);

test("a run without effects has no lane", () => {
  const { el } = show(windowOf([]));
  expect(el.querySelector<HTMLElement>(".tlw-lanesec")?.hidden).toBe(true);
});

test("the tree says level, place, how it stands and how far it is", () => {
  const { el, rows, row } = show(two);
  expect(rows().map((one) => [one.getAttribute("aria-level"), one.getAttribute("aria-posinset"), one.getAttribute("aria-setsize")])).toEqual([
    ["1", "1", "1"], ["2", "1", "2"], ["3", "1", "1"], ["2", "2", "2"],
  ]);
  const b = row("3/0/1");
  expect(b.querySelector("[role=progressbar]")?.getAttribute("aria-valuenow")).toBe("40");
  expect(b.querySelector<HTMLElement>(".tlw-fxbar i")?.style.width).toBe("40%");
  expect(b.querySelector(".tlw-fxstate")?.textContent).toBe("running");
  expect(b.getAttribute("aria-label")).toBe("call, b(), running, 40 percent, reading");
  expect(row("3/0/0/0").textContent).toContain("try later");
  expect(row("3/0/0/0").textContent).toContain("1.2 s");
  expect(el.querySelector(".tlw-fxsum")?.textContent).toBe("1 running, 1 failed");
});

test("a row that changes stays the same element; the focus stays in it", () => {
  const { row, put } = show(two);
  const b = row("3/0/1");
  b.focus();
  put(1, { "3/0/1": effect("3/0/1", "done", { spec: call("b"), result: { ok: true } }) });
  expect(row("3/0/1")).toBe(b);
  expect([b.dataset.state, document.activeElement]).toEqual(["done", b]);
  expect(b.textContent).toContain('→ {"ok":true}');
});

test("when the row with the focus goes, one beside it has the focus", () => {
  const { row, put } = show(windowOf([effect("5/0"), effect("4/0")]));
  row("4/0").focus();
  put(1, {}, ["4/0"]);
  expect((document.activeElement as HTMLElement).dataset.path).toBe("5/0");
});

test("arrows walk and fold as in every tree; one row is the tab stop", () => {
  const { rows, row, key } = show(two);
  row("3/0").focus();
  const at = (): string | undefined => (document.activeElement as HTMLElement).dataset.path;
  key("ArrowDown");
  expect(at()).toBe("3/0/0");
  key("ArrowLeft");
  expect([row("3/0/0").getAttribute("aria-expanded"), rows()]).toEqual(["false", expect.objectContaining({ length: 3 })]);
  key("ArrowLeft");
  expect(at()).toBe("3/0");
  key("End");
  expect(at()).toBe("3/0/1");
  key("ArrowUp");
  key("ArrowRight");
  expect(row("3/0/0").getAttribute("aria-expanded")).toBe("true");
  key("ArrowRight");
  expect(at()).toBe("3/0/0/0");
  key("Home");
  expect(at()).toBe("3/0");
  expect(rows().filter((one) => one.tabIndex === 0)).toHaveLength(1);
});

test("Enter and a click show what it says in full: the error, what led to it, what failed beside it", () => {
  const error = { kind: "RetriesSpent", message: "It failed 3 times.", hint: "Look at the server.", chain: [{ kind: "ApiFailed", message: "Status 503", status: 503 }], also: [{ kind: "ValueError", message: "and this" }] };
  const { row, key } = show(windowOf([effect("3/0", "failed", { spec: call("a"), error, starts: 2 })]));
  row("3/0").focus();
  key("Enter");
  const said = row("3/0").querySelector("dl")?.textContent ?? "";
  for (const part of ["RetriesSpent: It failed 3 times. Look at the server.", "because ofApiFailed: Status 503 Status 503.", "alsoValueError: and this", "asked for by entering busy", "2 times"]) expect(said).toContain(part);
  row("3/0").querySelector<HTMLElement>("b")?.click();
  expect(row("3/0").querySelector("dl")).toBeNull();
});

test("a thousand at once are cut, those under way first, and more are shown on request", () => {
  const spec = { kind: "for_each", items: "data.urls", effect: call("get") };
  const leaves = Array.from({ length: 150 }, (_, at) => effect(`3/0/${at}`, at < 145 ? "done" : "running", { spec: call("get", { n: at }) }));
  const { rows, el } = show(windowOf([effect("3/0", "running", { spec }), ...leaves], { "3/0": { done: 850 } }));
  expect(rows()).toHaveLength(22);
  expect(rows().slice(16, 21).map((one) => one.dataset.state)).toEqual(Array(5).fill("running"));
  const more = rows().at(-1)!;
  expect(more.textContent).toBe("show 100 more of 130850 done, not listed");
  expect(el.querySelector("[data-path='3/0'] .tlw-fxcount")?.textContent).toBe("995 done");
  expect(rows()[1]?.getAttribute("aria-setsize")).toBe("1000");
  more.querySelector("button")?.click();
  expect(rows()).toHaveLength(122);
});

test("one that asks has its buttons while the run is live", async () => {
  const asking = effect("3/0", "asks", { spec: call("pay"), question: "It was under way when the process died." });
  const { row, sent, store } = show(windowOf([asking]));
  const buttons = [...row("3/0").querySelectorAll("button")];
  expect(buttons.map((one) => one.textContent)).toEqual(["Repeat", "Fail"]);
  buttons[1]?.click();
  await tick();
  expect(sent.at(-1)).toMatchObject({ do: "answer", run: "door_001", path: "3/0", answer: "fail" });
  store.apply({ rev: 1, set: { status: "closed" } });
  expect(row("3/0").querySelectorAll("button")).toHaveLength(0);
});

test("what runs counts on, and stands still when the lab is closed", () => {
  vi.useFakeTimers({ now: T0 + 2000 });
  const { row, store } = show(windowOf([effect("3/0", "running", { spec: call("a") })]));
  const time = (): string | null | undefined => row("3/0").querySelector(".tlw-fxtime")?.textContent;
  expect(time()).toBe("2 s");
  vi.advanceTimersByTime(3000);
  expect(time()).toBe("5 s");
  store.apply({ rev: 1, set: { status: "closed" } });
  expect([time(), row("3/0").dataset.state, vi.getTimerCount()]).toEqual(["", "cut", expect.any(Number)]);
});

test("a message without a number moves the bar", () => {
  const { row } = show(windowOf([effect("3/0", "running", { spec: call("a"), fraction: null, message: "waiting for the server" })]));
  const bar = row("3/0").querySelector("[role=progressbar]");
  expect([bar?.classList.contains("tlw-fxmoves"), bar?.hasAttribute("aria-valuenow")]).toEqual([true, false]);
});

test("what was open while it ran stays open; earlier attempts are folded", () => {
  const spec: JsonObject = { kind: "retry", attempts: 3, effect: call("a") };
  const { rows, put, row } = show(windowOf([effect("3/0", "running", { spec }), effect("3/0/0", "failed", { spec: call("a") }), effect("3/0/2", "running", { spec: call("a") })]));
  expect(rows().map((one) => one.dataset.path)).toEqual(["3/0", "3/0/earlier", "3/0/2"]);
  put(1, { "3/0": effect("3/0", "done", { spec }), "3/0/2": effect("3/0/2", "done", { spec: call("a") }) });
  expect(rows()).toHaveLength(3);
  row("3/0/earlier").querySelector<HTMLElement>("b")?.click();
  expect(rows().map((one) => one.dataset.path)).toEqual(["3/0", "3/0/earlier", "3/0/0", "3/0/2"]);
});
