// The whole view of a run: what is shown, what a click and a key do.
import { beforeEach, expect, test } from "vitest";
import { runView } from "../src/run_view";
import type { Now } from "../src/wire";
import { fakeCommands, forever, newStore, tick } from "./given";

beforeEach(() => document.body.replaceChildren());

function show(changes: Partial<Now> = {}) {
  const store = newStore(changes);
  const { commands, sent } = fakeCommands();
  const el = runView(store, commands, forever);
  document.body.append(el);
  const button = (name: string): HTMLButtonElement => el.querySelector<HTMLButtonElement>(`button[data-event="${name}"]`)!;
  const key = (name: string): void => void el.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  return { el, store, sent, button, key };
}

test("it says who, where, what is taken and what is blocked and why", () => {
  const { el, button } = show();
  expect(el.querySelector(".tlw-header")?.textContent).toContain("SmartDoor");
  expect(el.querySelector(".tlw-chip")?.textContent).toBe("closed");
  expect(button("open_command").textContent).toBe("open_command");
  const blocked = el.querySelector("[data-blocked=close_command]");
  expect(blocked?.getAttribute("aria-disabled")).toBe("true");
  expect(blocked?.getAttribute("title")).toBe("Not now: !data.locked");
});

test("a click and the key of its number send the event", async () => {
  const { button, key, sent } = show();
  button("open_command").click();
  key("1");
  await tick();
  expect(sent.map((command) => [command.do, command.event, command.run])).toEqual([
    ["send", "open_command", "door_001"],
    ["send", "open_command", "door_001"],
  ]);
});

test("an event with a schema opens its form and sends what was typed", async () => {
  const { el, button, sent } = show();
  button("set_speed").click();
  expect(button("set_speed").getAttribute("aria-expanded")).toBe("true");
  const who = el.querySelector<HTMLInputElement>("input[type=text][aria-required]:not([inputmode])");
  if (who) who.value = "u2";
  el.querySelector<HTMLFormElement>(".tlw-form")?.requestSubmit();
  await tick();
  expect(sent[0]).toMatchObject({ event: "set_speed", data: { speed: 3, who: "u2" } });
  expect(el.querySelector(".tlw-form")).toBeNull();
});

test("a wildcard opens the entry for any event with its beginning", () => {
  const { el, button } = show();
  button("zone.*").click();
  expect(el.querySelector<HTMLFormElement>(".tlw-other")?.hidden).toBe(false);
  expect(el.querySelector<HTMLInputElement>(".tlw-other input")?.value).toBe("zone.");
});

test("the diagram's classes follow the run", async () => {
  const { el, store } = show();
  await new Promise((resolve) => requestAnimationFrame(resolve));
  const state = (id: string): Element | null => el.querySelector(`[data-state=${id}]`);
  expect(state("closed")?.classList.contains("tl-active")).toBe(true);
  store.apply({ rev: 1, set: { active: ["opening"], taken: ["closed#1"], seq: 2 }, visited: ["opening"] });
  expect(state("closed")?.classList.contains("tl-active")).toBe(false);
  expect(state("closed")?.classList.contains("tl-visited")).toBe(true);
  expect(state("opening")?.classList.contains("tl-active")).toBe(true);
  expect(el.querySelector(".tl-transition")?.classList.contains("tl-taken")).toBe(true);
});

test("a drawing brings no script and shares no id with another", () => {
  const first = show().el;
  const second = show().el;
  expect(first.querySelector("script, [onclick]")).toBeNull();
  const id = first.querySelector("marker")?.id;
  expect(id).not.toBe(second.querySelector("marker")?.id);
  expect(first.querySelector("path[marker-end]")?.getAttribute("marker-end")).toBe(`url(#${String(id)})`);
});

test("data shows the old and the new value of what changed", () => {
  const { el, store } = show();
  store.apply({ rev: 1, set: { changes: [{ path: "opened", old: 0, new: 1 }], span: 1 }, data: { set: { opened: 1 }, del: [] } });
  expect(el.querySelector("[data-path=opened]")?.textContent).toBe("opened0→1");
  expect(el.querySelectorAll(".tlw-changed")).toHaveLength(1);
});

test("a refused event is shown with the reason and the hint, and goes with the next step", () => {
  const { el, store } = show();
  const refused = { seq: 2, event: "kicked", reason: "Event 'kicked' means nothing in closed.", hint: "Events taken here: open_command." };
  store.apply({ rev: 1, set: { refused } });
  const notice = el.querySelector<HTMLElement>(".tlw-refused");
  expect(notice?.textContent).toContain("means nothing in closed");
  expect(notice?.textContent).toContain("Events taken here");
  expect(notice?.getAttribute("role")).toBe("alert");
  store.apply({ rev: 2, set: { refused: null } });
  expect(notice?.hidden).toBe(true);
});

test("a run that is done offers nothing and says so", () => {
  const { el } = show({ status: "done", takes: [], blocked: {} });
  expect(el.querySelectorAll("[data-event]")).toHaveLength(0);
  expect(el.querySelector(".tlw-eventbox")?.textContent).toContain("takes no more events");
});

test("focus stays in the row of events when they change", () => {
  const { store, button } = show();
  button("open_command").focus();
  store.apply({ rev: 1, set: { takes: ["fully_open"] } });
  expect((document.activeElement as HTMLElement).dataset.event).toBe("fully_open");
});

test("arrow keys move inside the row of events, which is one tab stop", () => {
  const { el, button } = show();
  button("open_command").focus();
  button("open_command").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  expect(document.activeElement?.getAttribute("aria-label")).toBe("open_command with data");
  expect([...el.querySelectorAll(".tlw-events button")].filter((one) => (one as HTMLElement).tabIndex === 0)).toHaveLength(1);
});

test("a held run says why in a line, and Resume lets it go", async () => {
  const { el, store, sent } = show();
  const line = el.querySelector<HTMLElement>(".tlw-holding");
  expect(line?.hidden).toBe(true);
  store.apply({ rev: 1, set: { held: { breakpoint: "b1", reason: "b1: open_command would enter opening.", waiting: 2 } } });
  expect(line?.textContent).toContain("Held at b1: open_command would enter opening. 2 wait. lab.debug(run) shows more.");
  expect([line?.hidden, el.querySelector(".tlw-badge")?.textContent]).toEqual([false, "held"]);
  line?.querySelector("button")?.click();
  await tick();
  expect(sent.at(-1)).toMatchObject({ do: "go_on", run: "door_001" });
  store.apply({ rev: 2, set: { held: null } });
  expect([line?.hidden, el.querySelector(".tlw-badge")?.textContent]).toEqual([true, "running"]);
});
