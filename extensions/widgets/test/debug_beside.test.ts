// Two runs beside each other: where their lanes lie, what the fork shows of its past, facts of b alone.
import { afterEach, expect, test } from "vitest";
import { shiftsOf } from "../src/debug/family";
import { stateToWatch } from "../src/debug/stage";
import { Track } from "../src/debug/track";
import type { CompareMessage, TreeNode } from "../src/debug/wire";
import { closeAll, compared, rowsMessage, rowsOf, showDebugger, trackMessage } from "./debug_given";

afterEach(closeAll);

const node = (run: string, parent: string | null, at: number | null): TreeNode => ({ run, parent, at, machine: "", state: "", status: "", seq: 9, note: "" });
const info = (run: string, forked_from: string | null = null, forked_at: number | null = null) => trackMessage(9, { run, forked_from, forked_at });

test("a fork's lane begins where it left, whichever track it is on", () => {
  expect(shiftsOf(info("r"), info("f", "r", 8), [])).toEqual({ a: 0, b: 7 });
  expect(shiftsOf(info("f", "r", 8), info("r"), [])).toEqual({ a: 7, b: 0 });
  expect(shiftsOf(info("r"), info("again", "r", 0), [])).toEqual({ a: 0, b: 0 });
  expect(shiftsOf(info("r"), undefined, [])).toEqual({ a: 0, b: 0 });
});

test("brothers, grandchildren and strangers", () => {
  expect(shiftsOf(info("f", "r", 5), info("g", "r", 8), [])).toEqual({ a: 0, b: 3 });
  const tree = [node("r", null, null), node("f", "r", 5), node("g", "f", 3)];
  expect(shiftsOf(info("r"), info("g", "f", 3), tree)).toEqual({ a: 0, b: 6 });
  expect(shiftsOf(info("r"), info("g", "f", 3), [])).toEqual({ a: 0, b: 0 });
  expect(shiftsOf(info("r"), info("x", "y", 3), tree)).toEqual({ a: 0, b: 0 });
  expect(shiftsOf(info("p", "q", 2), info("q", "p", 2), [])).toBeDefined(); // a record that goes in a circle
});

function beside() {
  const shown = showDebugger(14);
  const { session, frame } = shown;
  session.hear({ ...trackMessage(4, { track: "b", run: "fork_1", forked_from: "door_001", forked_at: 11 }) }, []);
  session.hear(...rowsOf(1, 4, { track: "b" }));
  const rows: CompareMessage["rows"] = [[10, 0, 1], [11, 0, 1], [0, 1, 0], [0, 2, 0], [12, 0, 0], [13, 3, 1], [14, 4, 1]];
  session.hear({ ...compared, first: { left: 12, right: 1 }, rows }, []);
  frame();
  return shown;
}

test("where the fork had not begun it stands where its parent does", () => {
  const { el, session: { store }, frame } = beside();
  store.go(5);
  frame();
  expect([store.sharesPast, store.cursorB]).toEqual([true, 0]);
  const pictures = [...el.querySelectorAll(".tlw-stage")].map((stage) => stage.querySelector(".tl-active")?.getAttribute("data-state"));
  expect(pictures).toEqual(["closed", "closed"]);
  expect(el.querySelectorAll(".tlw-stagetitle")[1]?.textContent).toBe("B  fork_1 · as A until seq 11");
  store.go(13);
  expect([store.sharesPast, store.cursorB]).toEqual([false, 3]);
});

test("facts that only b has are gone through one by one", () => {
  const { el, session: { store }, frame, button } = beside();
  button("Compare•").click();
  store.go(11);
  frame();
  const list = el.querySelector<HTMLElement>("[aria-label='Facts of both runs']");
  const down = (): void => {
    list?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true, cancelable: true }));
    frame();
  };
  const places: [number, number][] = [];
  for (let press = 0; press < 4; press++) {
    down();
    places.push([store.cursor, store.cursorB]);
  }
  expect(places).toEqual([[11, 1], [11, 2], [12, 2], [13, 3]]);
  expect(el.querySelector(".tlw-cmptab .tlw-vrow")?.textContent).toContain("the same");
});

test("in parallel regions the state that moved is kept in view", () => {
  const track = new Track(trackMessage(3, {
    tables: { kinds: ["event"], names: ["x"], states: [["left", "l1", "right", "r1"], ["left", "l2", "right", "r1"]], taken: [[], ["l2#0"]] },
  }));
  const [message, buffers] = rowsMessage(1, [0, 1, 1].map((state, at) => ({ kind: "run.started", name: "SmartDoor", state, taken: at === 2 ? 1 : 0, flags: 1 })));
  track.put(message, buffers);
  expect(stateToWatch(track, 1, "")).toBe("r1");
  expect(stateToWatch(track, 2, "r1")).toBe("l2");
  expect(stateToWatch(track, 3, "r1")).toBe("l2"); // it only changed data there
});
