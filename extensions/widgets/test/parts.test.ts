// Small parts on their own: camera, search, announcements, theme, the panel.
import { beforeEach, expect, test, vi } from "vitest";
import { Announcer } from "../src/announce";
import { fitView, keepFilled, MIN_SCALE, zoomView } from "../src/camera";
import { Client } from "../src/client";
import { changeNote } from "../src/data";
import { panel } from "../src/panel";
import { matches } from "../src/search";
import { clock, wayOf } from "../src/steps";
import { followTheme } from "../src/theme";
import { left } from "../src/timers";
import { face, fakeCommands, FakeModel, forever, now, tick } from "./given";

beforeEach(() => document.body.replaceChildren());

test("fit shows all of a picture and never enlarges it", () => {
  expect(fitView(100, 50, 400, 300)).toEqual({ scale: 1, x: 150, y: 125 });
  expect(fitView(4000, 1000, 424, 224).scale).toBeCloseTo(0.1);
});

test("a state at the edge leaves no empty window", () => {
  expect(keepFilled(300, 2000, 500)).toBe(12);
  expect(keepFilled(-1900, 2000, 500)).toBe(-1512);
  expect(keepFilled(-700, 2000, 500)).toBe(-700);
  expect(keepFilled(300, 100, 500)).toBe(200);
});

test("zooming keeps the point under the pointer and has limits", () => {
  const view = zoomView({ x: 0, y: 0, scale: 1 }, 2, 100, 50);
  expect(view).toEqual({ scale: 2, x: -100, y: -50 });
  expect(zoomView(view, 1e-9, 0, 0).scale).toBe(MIN_SCALE);
});

test("names that begin with the text come first", () => {
  const names = ["reopen", "open", "opening", "closed"].map((id) => ({ id, title: id === "closed" ? "Not open" : "" }));
  expect(matches(names, "OPEN").map((name) => name.id)).toEqual(["open", "opening", "reopen", "closed"]);
  expect(matches(names, "  ")).toEqual([]);
});

test("only the last of many announcements is said", async () => {
  vi.useFakeTimers();
  const announcer = new Announcer();
  for (const text of ["a", "b", "c"]) announcer.say(text);
  await vi.advanceTimersByTimeAsync(60);
  expect(announcer.el.textContent).toBe("c");
  vi.useRealTimers();
});

test("how long a timer still takes is said as a person says it", () => {
  expect([44_100, 125_000, 3_720_000, -5].map(left)).toEqual(["45 s", "2:05 min", "1:02 h", "0 s"]);
});

test("in parallel regions a step shows only what moved", () => {
  const step = { seq: 1, at: 0, event: "e" };
  expect(wayOf({ ...step, from: "a,b,c", to: "a,d,c" })).toEqual(["b", "d"]);
  expect(wayOf({ ...step, from: "a,b", to: "a,b" })).toEqual(["a · b", ""]);
});

test("a run that is asleep is resumed and then opened", async () => {
  const { el, model, sent, answer } = showPanel();
  await tick();
  model.emit({ type: "rows", rows: { view: sent[0]?.view, offset: 0, matches: 1, rows: [{ ...row, status: "asleep" }] } });
  el.querySelector<HTMLElement>("[aria-label='Resume door_001']")?.click();
  await tick();
  expect(sent.at(-1)).toMatchObject({ do: "resume", run: "door_001" });
  answer("resume");
  await tick();
  await tick();
  expect(sent.at(-1)).toMatchObject({ do: "open", run: "door_001" });
});

test("times have milliseconds, changes say over how many steps", () => {
  expect(clock(new Date(2026, 0, 1, 9, 5, 7, 42).getTime())).toBe("09:05:07.042");
  const changes = [{ path: "a", new: 1 }];
  expect(changeNote({ ...now, changes, span: 1 })).toBe("1 change");
  expect(changeNote({ ...now, changes, span: 14 })).toBe("1 change in 14 steps");
});

test("the theme is JupyterLab's, and follows it", async () => {
  const el = document.createElement("div");
  document.body.append(el);
  document.body.dataset.jpThemeLight = "true";
  followTheme(el, forever);
  expect(el.dataset.theme).toBe("light");
  document.body.dataset.jpThemeLight = "false";
  document.body.dataset.jpThemeName = "JupyterLab Dark";
  await tick();
  expect(el.dataset.theme).toBe("dark");
  delete document.body.dataset.jpThemeLight;
});

const board = { rev: 1, total: 2, running: 1, title: "Lab in memory", questions: { rows: [], more: 0 }, machines: { SmartDoor: { data: { opened: 0 }, tenant: "t" } }, groups: [{ machine: "SmartDoor", state: "closed", count: 2 }] };
const row = { id: "door_001", machine: "SmartDoor", state: "closed", status: "running" as const, seq: 3, tenant: "t", at: 0 };

function showPanel() {
  const { commands, sent } = fakeCommands();
  const model = new FakeModel({ key: "k", board });
  const client = new Client(model, commands);
  const el = panel(client, forever);
  document.body.append(el);
  const answer = (what: string, more: object = {}): void => {
    const asked = sent.findLast((command) => command.do === what);
    model.emit({ type: "reply", id: asked?.id, ok: true, ...more });
  };
  const rows = async (): Promise<void> => {
    await tick();
    model.emit({ type: "rows", rows: { view: sent[0]?.view, offset: 0, matches: 1, rows: [row] } });
  };
  return { el, model, sent, answer, rows };
}

test("the panel shows counts and rows, and a group filters", async () => {
  const { el, sent, rows } = showPanel();
  await rows();
  expect(el.querySelector(".tlw-runs tbody")?.textContent).toContain("door_001");
  expect(el.textContent).toContain("2 runs, 1 running");
  el.querySelector<HTMLElement>("[data-key='SmartDoor/closed']")?.click();
  await tick();
  expect(sent.at(-1)).toMatchObject({ do: "look", machine: "SmartDoor", state: "closed", offset: 0 });
});

test("stopping asks first", async () => {
  const { el, sent, rows } = showPanel();
  await rows();
  const stop = el.querySelector<HTMLButtonElement>("[aria-label='Stop door_001']");
  stop?.click();
  await tick();
  expect(stop?.textContent).toBe("Really stop?");
  expect(sent.some((command) => command.do === "stop")).toBe(false);
  stop?.click();
  await tick();
  expect(sent.at(-1)).toMatchObject({ do: "stop", run: "door_001" });
});

test("a run is started from the form and opened", async () => {
  const { el, model, sent, answer } = showPanel();
  el.querySelector<HTMLElement>("[aria-controls^=tlw-start]")?.click();
  expect(el.querySelector("textarea")?.value).toBe('{ "opened": 0 }');
  el.querySelector<HTMLFormElement>(".tlw-start")?.requestSubmit();
  await tick();
  expect(sent.at(-1)).toMatchObject({ do: "start", machine: "SmartDoor", run: "", data: { opened: 0 } });
  answer("start", { run: "door_001" });
  await tick();
  await tick();
  expect(sent.at(-1)).toMatchObject({ do: "open", run: "door_001" });
  model.emit({ type: "run", run: "door_001", face, now });
  await tick();
  expect(el.querySelector(".tlw-opened .tlw-chip")?.textContent).toBe("closed");
});

test("a patch after a gap makes the client ask for the whole run", async () => {
  const { commands, sent } = fakeCommands();
  const model = new FakeModel({ key: "k", face, now });
  const client = new Client(model, commands);
  model.emit({ type: "patch", run: "door_001", patch: { rev: 3, set: { seq: 9 } } });
  await tick();
  expect(sent.at(-1)).toMatchObject({ do: "open", run: "door_001" });
  model.emit({ type: "run", run: "door_001", face, now: { ...now, rev: 3, seq: 9 } });
  expect(client.runs.get("door_001")?.now.seq).toBe(9);
});
