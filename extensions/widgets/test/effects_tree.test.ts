// The tree of effects: what has no facts of its own is read from what lies around it.
import { expect, test } from "vitest";
import { filtered } from "../src/effects/lines";
import { countsText, leavesOf, type Branch } from "../src/effects/model";
import { growForest } from "../src/effects/tree";
import { secondsOf, spanOf, wordsOf } from "../src/effects/words";
import type { EffectRow, EffectWindow, JsonObject } from "../src/wire";
import { call, effect, windowOf } from "./effects_given";

/** A tree as indented text: `retry 2 of 3: running`. */
function drawn(forest: readonly Branch[], deep = 0): string[] {
  return forest.flatMap((branch) => [
    `${"  ".repeat(deep)}${[branch.word, branch.about, branch.count].filter(Boolean).join(" ")}: ${branch.state}`,
    ...drawn(branch.children, deep + 1),
  ]);
}

function tree(spec: JsonObject, rows: readonly EffectRow[] = [], status: EffectRow["status"] = "running", cut: EffectWindow["cut"] = {}): string[] {
  return drawn(growForest(windowOf([effect("3/0", status, { spec }), ...rows], cut)));
}

const at = (path: string, status: EffectRow["status"], name: string, more: Partial<EffectRow> = {}): EffectRow =>
  effect(path, status, { spec: call(name), ...more });

test("effects are put into words", () => {
  expect(wordsOf("call", call("fetch", { url: "https://x" }))).toEqual(["call", "fetch(https://x)"]);
  expect(wordsOf("call", call("add", { a: 1, b: [2] }))).toEqual(["call", "add(a: 1, b: [2])"]);
  expect(wordsOf("delay", { kind: "delay", for: 1.2 })).toEqual(["wait", "1.2 s"]);
  expect(wordsOf("permit", { kind: "permit", of: "bulkhead", name: "db" })).toEqual(["permit", 'bulkhead "db"']);
  expect(wordsOf("call_llm", { kind: "call_llm", model: "m" })).toEqual(["call llm", "m"]);
  expect(wordsOf("", null)).toEqual(["effect", ""]);
  expect(["250ms", "2s", "5m", "1h", "{{ data.x }}"].map(secondsOf)).toEqual(["250 ms", "2 s", "5 min", "1:00 h", "{{ data.x }}"]);
  expect([0, 999, 1500, 61_000, 3_720_000].map(spanOf)).toEqual(["0 ms", "999 ms", "1.5 s", "1:01 min", "1:02 h"]);
});

test("a retry shows its last attempt, the wait, and those before in one line", () => {
  const spec = { kind: "retry", attempts: 3, effect: call("fetch") };
  expect(tree(spec, [at("3/0/0", "failed", "fetch"), effect("3/0/1", "running", { kind: "delay", spec: { kind: "delay", for: 1.2 } })])).toEqual([
    "retry 1 of 3: running", "  call fetch(): failed", "  wait 1.2 s: running",
  ]);
  expect(tree(spec, [at("3/0/0", "failed", "fetch"), effect("3/0/1", "done", { kind: "delay" }), at("3/0/2", "failed", "fetch"), effect("3/0/3", "done", { kind: "delay" }), at("3/0/4", "running", "fetch")])).toEqual([
    "retry 3 of 3: running", "  2 earlier attempts: failed", "    call fetch(): failed", "    call fetch(): failed", "  call fetch(): running",
  ]);
});

test("a retry within a parallel is known by its attempts alone", () => {
  const spec = { kind: "parallel", effects: [{ kind: "retry", attempts: 2, effect: call("a") }, call("b")] };
  expect(tree(spec, [at("3/0/0/0", "failed", "a"), at("3/0/1", "done", "b")])).toEqual([
    "parallel 1 of 2: running", "  retry 1 of 2: running", "    call a(): failed", "  call b(): done",
  ]);
  expect(tree(spec, [at("3/0/0/0", "failed", "a"), at("3/0/0/2", "failed", "a"), at("3/0/1", "cancelled", "b")], "failed")).toEqual([
    "parallel 0 of 2: failed", "  retry 2 of 2: failed", "    1 earlier attempt: failed", "      call a(): failed", "    call a(): failed", "  call b(): cancelled",
  ]);
});

test("a sequence shows what is still to come, until it is over", () => {
  const spec = { kind: "sequence", effects: [call("a"), { kind: "retry", effect: call("b") }, call("c")] };
  expect(tree(spec, [at("3/0/0", "done", "a")])).toEqual(["sequence 1 of 3: running", "  call a(): done", "  retry: waiting", "  call c(): waiting"]);
  expect(tree(spec, [at("3/0/0", "failed", "a")], "failed")).toEqual(["sequence 0 of 3: failed", "  call a(): failed"]);
});

test("a saga shows what can be undone as what is done, and the undoing below it", () => {
  const spec = { kind: "saga", steps: [{ kind: "with_compensation", effect: call("pay"), undo: call("refund") }, { effect: call("ship"), undo: call("fetch_back") }] };
  expect(tree(spec, [at("3/0/0/0", "done", "pay")])).toEqual(["saga 1 of 2: running", "  call pay(): done", "  call ship(): waiting"]);
  const rows = [at("3/0/0/0", "done", "pay"), at("3/0/1/0", "failed", "ship"), at("3/0/0/1", "done", "refund")];
  expect(tree(spec, rows, "failed")).toEqual(["saga 1 of 2: failed", "  call pay(): undone", "    undo: call refund(): done", "  call ship(): failed"]);
});

test("gates: a permit that is waited for is seen, one that was given is not, a hit is said", () => {
  const cache = { kind: "cache", name: "rates", effect: call("rate") };
  const permit = (status: EffectRow["status"], result?: JsonObject): EffectRow =>
    effect("3/0/1", status, { kind: "permit", spec: { kind: "permit", of: "cache", name: "rates" }, ...(result ? { result } : {}) });
  expect(tree(cache, [permit("done", { hit: true, value: 7 })], "done")).toEqual(['cache hit "rates": done']);
  expect(tree(cache, [permit("done", { hit: false }), at("3/0/0", "running", "rate")])).toEqual(['cache "rates": running', "  call rate(): running"]);
  const bulkhead = { kind: "bulkhead", name: "db", effect: call("query") };
  const waits = effect("3/0/1", "running", { kind: "permit", spec: { kind: "permit", of: "bulkhead", name: "db" } });
  expect(tree(bulkhead, [waits])).toEqual(['bulkhead "db": waiting', '  permit bulkhead "db": waiting']);
  const inner = { kind: "sequence", effects: [cache] };
  expect(tree(inner, [{ ...permit("done", { hit: true }), path: "3/0/0/1" }])).toEqual(["sequence 1 of 1: running", '  cache hit "rates": done']);
});

test("a timeout says its time; its clock is seen only in that it is over", () => {
  const spec = { kind: "timeout", after: 5, effect: call("slow") };
  const clock = effect("3/0/1", "done", { kind: "delay" });
  expect(tree(spec, [at("3/0/0", "running", "slow"), { ...clock, status: "running" }])).toEqual(["timeout 5 s: running", "  call slow(): running"]);
  expect(tree(spec, [at("3/0/0", "cancelled", "slow"), clock], "failed")).toEqual(["timeout 5 s is over: failed", "  call slow(): cancelled"]);
});

test.each([
  ["race", ["done", "cancelled"], "done"], ["race", ["failed", "failed"], "failed"], ["race", ["failed"], "running"],
  ["fallback", ["failed", "done"], "done"], ["parallel", ["done", "done"], "done"], ["parallel", ["failed", "cancelled"], "failed"],
  ["sequence", ["done"], "running"], ["sequence", ["done", "done"], "done"],
] as const)("an inner %s of %j is %s", (kind, states, state) => {
  const spec = { kind: "timeout", after: 9, effect: { kind, effects: [call("a"), call("b")] } };
  const rows = states.map((status, index) => at(`3/0/0/${index}`, status, "a"));
  expect(growForest(windowOf([effect("3/0", "running", { spec }), ...rows]))[0]?.children[0]?.state).toBe(state);
});

test("what failed may do so where all are collected", () => {
  const inner = { kind: "parallel", settle: true, effects: [call("a"), call("b")] };
  const rows = [at("3/0/0/0", "failed", "a"), at("3/0/0/1", "done", "b")];
  expect(tree({ kind: "timeout", after: 9, effect: inner }, rows)[1]).toBe("  parallel 1 of 2: done");
});

test("those that were left out are counted where they lie", () => {
  const spec = { kind: "for_each", items: "data.urls", effect: call("get") };
  const forest = growForest(windowOf([effect("3/0", "running", { spec }), at("3/0/998", "done", "get"), at("3/0/999", "running", "get")], { "3/0": { done: 900, failed: 2 } }));
  expect(drawn(forest)).toEqual(["for each data.urls 901 done: running", "  call get(): done", "  call get(): running"]);
  expect(countsText(leavesOf(forest))).toBe("1 running, 901 done, 2 failed");
});

test("one that asks makes all around it ask", () => {
  const spec = { kind: "sequence", effects: [{ kind: "timeout", after: 9, effect: call("pay") }] };
  expect(tree(spec, [at("3/0/0/0", "asks", "pay")])).toEqual(["sequence 0 of 1: asks", "  timeout 9 s: asks", "    call pay(): asks"]);
});

test("what nobody performs any more is cut off", () => {
  const shown = windowOf([effect("3/0", "running", { spec: call("a") })]);
  expect(drawn(growForest(shown, false))).toEqual(["call a(): cut"]);
});

test("under way comes first, then the newest; where a result was put is not worth a line", () => {
  const rows = [
    at("9/0", "done", "late"), at("10/1", "done", "later"), at("10/0", "done", "first of it"), at("2/0", "running", "early"),
    effect("2/0/into", "done", { kind: "merge_data" }),
  ];
  expect(drawn(growForest(windowOf(rows)))).toEqual(["call early(): running", "call first of it(): done", "call later(): done", "call late(): done"]);
});

test("leaves of a root that began before anybody looked are a tree all the same", () => {
  const shown = windowOf([at("3/0/1/0", "running", "a")]);
  expect(drawn(growForest(shown))).toEqual(["effect: running", "  effect: running", "    call a(): running"]);
});

test("a filter keeps what is asked for and what it lies in", () => {
  const spec = { kind: "parallel", effects: [call("a"), call("b")] };
  const forest = growForest(windowOf([effect("3/0", "failed", { spec }), at("3/0/0", "failed", "a"), at("3/0/1", "done", "b")], { "3/0": { failed: 2, done: 1 } }));
  const [kept] = filtered(forest, new Set(["done"]));
  expect([kept?.children.map((child) => child.about), kept?.left]).toEqual([["b()"], { done: 1 }]);
  expect(filtered(forest, new Set(["asks"]))).toEqual([]);
});
