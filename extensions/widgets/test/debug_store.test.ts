// The debugger's store: columns, tables, pages and data at any place, growth, follow, alignment.
import { expect, test } from "vitest";
import { Alignment } from "../src/debug/align";
import { BAD } from "../src/debug/columns";
import { changesOf, placeOf, valueAt } from "../src/debug/diff";
import { Filter } from "../src/debug/filter";
import { DebugStore } from "../src/debug/store";
import { Track } from "../src/debug/track";
import { compared, detailAt, folded, pageMessage, rowAt, rowsOf, stand, trackMessage } from "./debug_given";

function filled(total: number): DebugStore {
  const store = new DebugStore();
  store.hear(trackMessage(total));
  store.hear(...rowsOf(1, total));
  for (let page = 0; page * 16 < total; page++) store.hear(pageMessage(page, total));
  return store;
}

test("rows from unaligned buffers are the facts", () => {
  const { a } = filled(200);
  for (let seq = 1; seq <= 200; seq++) {
    const row = rowAt(seq);
    expect([a?.kind(seq), a?.name(seq), a?.active(seq)[0], a?.bad(seq)]).toEqual([row.kind, row.name, row.state ? "opening" : "closed", ((row.flags ?? 0) & BAD) > 0]);
  }
  expect(a?.at(3)).toBe(1_700_000_000_030);
  expect([...(a?.rows.badIn(1, 200) ?? [])]).toEqual([50, 100, 150, 200]);
  expect([...(a?.rows.badIn(51, 149) ?? [])]).toEqual([100]);
});

test("data at any place is what folding all facts gives, whatever the order of looking", () => {
  const { a } = filled(100);
  const places = Array.from({ length: 101 }, (_, at) => (at * 37) % 101);
  for (const seq of places) {
    expect(a?.pages.at(seq)).toEqual(folded(seq));
    if (seq > 0) expect(a?.pages.before(seq)).toEqual(folded(seq - 1));
  }
});

test("looking at data never changes what was looked at before", () => {
  const { a } = filled(40);
  const old = a?.pages.at(6);
  const kept = structuredClone(old);
  a?.pages.at(14);
  expect(old).toEqual(kept);
});

test("a place whose page is not here has no data, and says so", () => {
  const store = new DebugStore();
  store.hear(trackMessage(40));
  store.hear(pageMessage(1, 40));
  expect([store.a?.pages.at(16), store.a?.pages.has(16), store.a?.pages.has(17)]).toEqual([null, false, true]);
  expect(store.a?.pages.at(20)).toEqual(folded(20));
  expect(store.a?.pages.detail(20)).toEqual(detailAt(20));
  expect(store.a?.pages.before(17)).toEqual(folded(16));
});

test("pages that were not looked at for long are given up", () => {
  const store = filled(16 * 70);
  expect(store.a?.pages.has(1)).toBe(false);
  expect(store.a?.pages.has(16 * 70)).toBe(true);
});

test("new words come with new rows", () => {
  const store = filled(40);
  store.hear(...rowsOf(41, 1, { tables: { names: [7, ["late_event"]], states: [2, [["open"]]] } }));
  expect(store.a?.total).toBe(41);
  expect(store.a?.info.tables.names[7]).toBe("late_event");
  expect(store.a?.stateText(2)).toBe("open");
});

test("with follow the cursor goes along; without, what is new is counted", () => {
  const store = filled(40);
  expect([store.cursor, store.follow]).toEqual([40, true]);
  store.hear(...rowsOf(41, 3));
  expect([store.cursor, store.unseen]).toEqual([43, 0]);
  store.go(10);
  store.hear(...rowsOf(44, 12));
  expect([store.cursor, store.follow, store.unseen]).toEqual([10, false, 12]);
  store.setFollow(true);
  expect([store.cursor, store.follow, store.unseen]).toEqual([55, true, 0]);
});

test("who goes to the end stays there, and the cursor never leaves the run", () => {
  const store = filled(40);
  store.go(-5);
  expect([store.cursor, store.follow]).toEqual([0, false]);
  store.go(1e9);
  expect([store.cursor, store.follow]).toEqual([40, true]);
  store.setFollow(false);
  store.hear(...rowsOf(41, 1));
  expect([store.cursor, store.unseen]).toEqual([40, 1]);
});

test("rows and pages of another run are not taken", () => {
  const store = filled(40);
  const [message, buffers] = rowsOf(41, 5, { run: "other" });
  store.hear(message, buffers);
  expect(store.a?.total).toBe(40);
});

test("where the other run stands is not where this one does", () => {
  const store = filled(40);
  store.hear({ type: "stand", track: "a", now: stand });
  store.hear({ type: "stand", track: "b", now: { ...stand, status: "done" } });
  expect(store.stand?.status).toBe("running");
});

test("a run opened again keeps the place; another one begins at its end without pins", () => {
  const store = filled(40);
  store.go(12);
  store.togglePin(12);
  store.hear(trackMessage(60));
  expect([store.cursor, store.pinnedSeqs.size]).toEqual([12, 1]);
  store.hear(trackMessage(30, { run: "fork_1" }));
  expect([store.cursor, store.pinnedSeqs.size, store.follow]).toEqual([30, 0, true]);
});

test("the states a run has been in grow with the place", () => {
  const { a } = filled(40);
  expect([...(a?.visited(1) ?? [])]).toEqual(["closed"]);
  expect([...(a?.visited(2) ?? [])].sort()).toEqual(["closed", "opening"]);
});

test("two runs are laid side by side by the rows of their comparison", () => {
  const align = new Alignment(compared);
  expect([9, 10, 12, 13, 14, 99].map((seq) => align.toRight(seq))).toEqual([0, 1, 3, 3, 4, 4]);
  expect([0, 1, 3, 4].map((seq) => align.toLeft(seq))).toEqual([0, 10, 12, 14]);
});

test("closing the other run drops the comparison", () => {
  const store = filled(40);
  store.hear(trackMessage(4, { track: "b", run: "fork_1" }));
  store.hear(compared);
  store.go(14);
  expect(store.cursorB).toBe(4);
  store.hear({ type: "track", track: "b", run: null });
  expect([store.b, store.compare, store.cursorB]).toEqual([null, null, 0]);
});

test("differences name the deepest place, whatever came and went", () => {
  const old = { n: 1, list: [1, 2], deep: { x: { y: 1 } }, gone: 1, same: { a: [1] } };
  const next = { n: 2, list: [1, 3], deep: { x: { y: 2 } }, came: null, same: { a: [1] } };
  expect(changesOf(old, next)).toEqual([
    { path: "n", old: 1, new: 2 }, { path: "list.1", old: 2, new: 3 }, { path: "deep.x.y", old: 1, new: 2 },
    { path: "gone", old: 1 }, { path: "came", new: null },
  ]);
  expect([valueAt(next, "deep.x.y"), valueAt(next, "list.1"), valueAt(next, "no.x"), valueAt({ "a.b": 1 }, "a.b")]).toEqual([2, 3, undefined, 1]);
  expect(valueAt({ s: "text" }, "s.length")).toBeUndefined();
});

test("said again, a run keeps what is known of it; other words for the same numbers begin anew", () => {
  const store = filled(40);
  const { a } = store;
  store.hear(trackMessage(60));
  expect([store.a === a, a?.total, a?.kind(40)]).toEqual([true, 60, rowAt(40).kind]);
  const { tables } = trackMessage(60);
  store.hear(trackMessage(60, { tables: { ...tables, names: ["other", ...tables.names] } }));
  expect([store.a === a, store.a?.kind(40)]).toEqual([false, ""]);
});

test("rows whose words are missing are not taken, and it is known that something is lost", () => {
  const store = filled(40);
  store.hear(...rowsOf(41, 1, { tables: { names: [9, ["later"]] } }));
  expect([store.lost, store.a?.total]).toEqual([true, 40]);
});

test("a place is written as Python reads it", () => {
  const data = { "a.b": { "c d": [{ e: 1 }] }, a: { b: 2 }, order: { lines: [0, 1] } };
  expect(placeOf(data, "a.b")).toBe('data["a.b"]');
  expect(placeOf({ a: { b: 2 } }, "a.b")).toBe("data.a.b");
  expect(placeOf(data, "order.lines.1")).toBe("data.order.lines[1]");
  expect(placeOf(data.order, "lines")).toBe("data.lines");
  expect(placeOf({ x: { "c d": 1 } }, "x.c d")).toBe('data.x["c d"]');
});

test("where not every fact is here the kinds of a group are asked for whole", () => {
  const filter = new Filter();
  filter.groups.add("refused");
  const track = new Track(trackMessage(9, { tables: { kinds: ["event"], names: [], states: [], taken: [[]] } }));
  expect(filter.asksPython(track)).toBe(true);
  expect(filter.kinds(track)).toEqual(["event.refused", "effect.failed"]);
});
