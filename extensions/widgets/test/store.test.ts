// Patches lead to the same state as the whole, and a lost one is noticed.
import { expect, test, vi } from "vitest";
import { forever, newStore } from "./given";

test("a patch changes only what it names, and says what that was", () => {
  const store = newStore();
  const heard = vi.fn();
  store.watch(heard, forever);
  const ok = store.apply({
    rev: 1,
    set: { state: "opening", seq: 2 },
    visited: ["opening"],
    data: { set: { opened: 1 }, del: ["locked"] },
    steps: [{ seq: 2, at: 1, event: "open_command", from: "closed", to: "opening" }],
  });
  expect(ok).toBe(true);
  expect(store.now).toMatchObject({ state: "opening", visited: ["closed", "opening"], data: { opened: 1 } });
  expect(store.now.data).not.toHaveProperty("locked");
  expect(store.now.steps.map((step) => step.seq)).toEqual([1, 2]);
  expect([...(heard.mock.calls[1]?.[1] as Set<string>)].sort()).toEqual(["data", "seq", "state", "steps", "visited"]);
});

test("a patch that is old changes nothing, one after a gap asks for the whole", () => {
  const store = newStore({ rev: 5 });
  expect(store.apply({ rev: 5, set: { state: "x" } })).toBe(true);
  expect(store.now.state).toBe("closed");
  expect(store.apply({ rev: 7, set: { state: "x" } })).toBe(false);
  expect(store.now.state).toBe("closed");
});

test("who stops watching is told nothing more", () => {
  const store = newStore();
  const end = new AbortController();
  const heard = vi.fn();
  store.watch(heard, end.signal);
  end.abort();
  store.apply({ rev: 1, set: { seq: 2 } });
  expect(heard).toHaveBeenCalledTimes(1);
});
