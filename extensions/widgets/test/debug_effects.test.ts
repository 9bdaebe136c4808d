// The lane in the debugger: the effects as they stood at the place that is looked at.
import { afterEach, expect, test } from "vitest";
import { effectsAt } from "../src/debug/effects_at";
import { Track } from "../src/debug/track";
import type { Detail } from "../src/debug/wire";
import { closeAll, rowsMessage, showDebugger, trackMessage, type Row, type Shown } from "./debug_given";
import { call } from "./effects_given";
import { tick } from "./given";

afterEach(closeAll);

const FACTS: readonly [string, string, Detail][] = [
  ["effect.started", "41/0", { effects: [{ kind: "parallel", effects: [{ kind: "retry", attempts: 2, effect: call("a") }, call("b")] }], owner: "busy" }],
  ["effect.started", "41/0/0/0", { effects: [call("a")] }],
  ["effect.started", "41/0/1", { effects: [call("b")] }],
  ["effect.progress", "41/0/1", { fraction: 0.5, message: "half" }],
  ["effect.failed", "41/0/0/0", { error: { kind: "Busy", message: "later" } }],
  ["effect.completed", "41/0/1", { result: 7 }],
  ["effect.started", "41/0/0/2", { effects: [call("a")] }],
  ["human.asked", "41/0/0/2", { question: "Repeat it?" }],
];

/** A debugger of the door's 40 facts and those above after them. */
function show(): Shown & { lines: () => string[]; go: (seq: number) => void } {
  const shown = showDebugger(40);
  const { session, el, frame, key } = shown;
  const names = ["a", "parallel"];
  const rows: Row[] = FACTS.map(([kind, path]) => ({ kind, name: path === "41/0" ? "parallel" : "call", state: 0, path }));
  const kinds = ["human.asked", "effect.progress"];
  const [message, buffers] = rowsMessage(41, rows.map((row) => ({ ...row, name: "call" })));
  rows.forEach((row, at) => {
    const place = kinds.indexOf(row.kind);
    if (place >= 0) buffers[1]?.setUint8(at, 8 + place);
  });
  session.hear({ ...message, tables: { kinds: [8, kinds], names: [7, names] } }, buffers);
  for (const [page, first, count] of [[2, 33, 16]] as const) {
    const details = Array.from({ length: count }, (_, at): Detail => {
      const fact = FACTS[first + at - 41];
      return fact ? { path: fact[1], ...fact[2] } : {};
    });
    session.hear({ type: "page", track: "a", page, first, base: {}, rows: details }, []);
  }
  key("3");
  frame();
  const lines = (): string[] => [...el.querySelectorAll<HTMLElement>(".tlw-effectstab [role=treeitem]")].flatMap((one) => (one.dataset.path?.startsWith("41/") ? [`${one.dataset.path} ${String(one.dataset.state)}`] : []));
  const go = (seq: number): void => {
    session.store.go(seq);
    frame();
  };
  return { ...shown, lines, go };
}

test("effects are shown as they stood at the place", () => {
  const { lines, go, el } = show();
  go(44);
  expect(lines()).toEqual(["41/0 running", "41/0/0 running", "41/0/0/0 running", "41/0/1 running"]);
  expect(el.querySelector("[data-path='41/0/1'] [role=progressbar]")?.getAttribute("aria-valuenow")).toBe("50");
  go(46);
  expect(lines()).toEqual(["41/0 running", "41/0/0 running", "41/0/0/0 failed", "41/0/1 done"]);
  go(40);
  expect(lines()).toEqual([]);
});

test("a click on a row goes to the fact that says how it stands, and shows what it says", () => {
  const { go, el, session: { store }, frame } = show();
  go(47);
  el.querySelector<HTMLElement>("[data-path='41/0/1'] b")?.click();
  frame();
  expect(store.cursor).toBe(46);
  expect(el.querySelector("[data-path='41/0/1'] dl")?.textContent).toContain("result7");
});

test("one that asks has buttons at the end of a live run, and nowhere else", async () => {
  const { go, el, last } = show();
  go(48);
  const buttons = [...el.querySelectorAll<HTMLElement>("[data-path='41/0/0/2'] button")];
  expect(buttons.map((one) => one.textContent)).toEqual(["Repeat", "Fail"]);
  buttons[0]?.click();
  await tick();
  expect(last("answer")).toMatchObject({ path: "41/0/0/2", answer: "repeat" });
  go(47);
  expect(el.querySelectorAll("[data-path='41/0/0/2'] button")).toHaveLength(0);
});

test("chips keep what is in a state, with what it lies in", () => {
  const { go, el, button, lines, frame } = show();
  go(46);
  button("failed").click();
  frame();
  expect(lines()).toEqual(["41/0 running", "41/0/0 running", "41/0/0/0 failed"]);
  button("failed").click();
  button("cancelled").click();
  expect(el.querySelector(".tlw-effectstab .tlw-empty")?.textContent).toBe("No effect is like this.");
});

test("arrow keys in the tree walk through it and do not travel", () => {
  const { go, el, key, session: { store } } = show();
  go(46);
  el.querySelector<HTMLElement>("[data-path='41/0']")?.focus();
  key("ArrowRight");
  expect([store.cursor, (document.activeElement as HTMLElement).dataset.path]).toEqual([46, "41/0/0"]);
});

test("effects that were over within one fact are shown too", () => {
  const { session } = showDebugger(40);
  const { a } = session.store;
  expect(Object.values(effectsAt(a!, 40).rows).map((row) => row.status)).toEqual(["done", "done", "done", "done"]);
});

test("of thousands at once some are rows, and the root that began long ago is found", () => {
  const rows: Row[] = [{ kind: "effect.started", name: "call", state: 0, path: "0/0" }];
  for (let at = 0; at < 12_000; at++) {
    rows.push({ kind: "effect.started", name: "call", state: 0, path: `0/0/${at}` });
    if (at !== 11_000) rows.push({ kind: "effect.completed", name: "call", state: 0, path: `0/0/${at}` });
  }
  const track = new Track(trackMessage(rows.length));
  track.put(...rowsMessage(1, rows));
  const shown = effectsAt(track, rows.length);
  expect(Object.keys(shown.rows)).toHaveLength(601);
  expect(shown.rows["0/0"]).toMatchObject({ start: 1, status: "running" });
  expect(shown.rows["0/0/11000"]?.status).toBe("running");
  expect(shown.cut["0/0"]?.done).toBeGreaterThan(9000);
});
