// The debugger on the screen: keys, slider, picture, data, log and its menu.
import { afterEach, expect, test, vi } from "vitest";
import { closeAll, menuItem, rowsOf, showDebugger, stand } from "./debug_given";
import { tick } from "./given";

afterEach(() => {
  vi.useRealTimers();
  closeAll();
});

test("keys travel: arrows, ten at a time, to both ends", () => {
  const { key, session: { store } } = showDebugger(40);
  key("ArrowLeft");
  expect(store.cursor).toBe(39);
  key("ArrowLeft", { shiftKey: true });
  expect(store.cursor).toBe(29);
  key("Home");
  expect(store.cursor).toBe(0);
  key("ArrowRight");
  expect(store.cursor).toBe(1);
  key("End");
  expect([store.cursor, store.follow]).toEqual([40, true]);
});

test("the slider says where the cursor is, in words", () => {
  const { el, key } = showDebugger(40);
  key("Home");
  const slider = el.querySelector("[role=slider]");
  expect(slider?.getAttribute("aria-valuetext")).toBe("seq 0 of 40: before it began");
  key("ArrowRight");
  key("ArrowRight");
  expect(slider?.getAttribute("aria-valuetext")).toBe("seq 2 of 40: opening, open_command");
  expect(slider?.getAttribute("aria-valuenow")).toBe("2");
});

test("the picture shows the place: active, visited, the arrow that was taken", () => {
  const { el, key } = showDebugger(40);
  key("Home");
  const state = (id: string): DOMTokenList | undefined => el.querySelector(`.tlw-stage [data-state=${id}]`)?.classList;
  expect(state("closed")?.contains("tl-active")).toBe(false);
  key("ArrowRight");
  expect([state("closed")?.contains("tl-active"), state("opening")?.contains("tl-visited")]).toEqual([true, false]);
  key("ArrowRight");
  expect([state("closed")?.contains("tl-active"), state("opening")?.contains("tl-active")]).toEqual([false, true]);
  expect(el.querySelector(".tlw-stage .tl-transition")?.classList.contains("tl-taken")).toBe(true);
});

test("space plays and stops at a key that travels", () => {
  const { key, session: { player, store } } = showDebugger(40);
  key("Home");
  key(" ");
  expect([player.playing, store.cursor]).toEqual([true, 1]);
  key("ArrowRight");
  expect(player.playing).toBe(false);
});

test("f follows a live run; what is new is said while one looks elsewhere", () => {
  const { el, key, session, frame } = showDebugger(40);
  key("ArrowLeft");
  session.hear(...rowsOf(41, 12));
  frame();
  const fresh = el.querySelector<HTMLElement>(".tlw-new");
  expect([fresh?.hidden, fresh?.textContent]).toEqual([false, "12 new"]);
  key("f");
  expect([session.store.cursor, fresh?.hidden]).toEqual([52, true]);
});

test("keys in a field are text", () => {
  const { el, key, session: { store } } = showDebugger(40);
  key("/");
  const input = el.querySelector<HTMLInputElement>(".tlw-logbar input");
  expect(document.activeElement).toBe(input);
  key("Home");
  key("f");
  expect(store.cursor).toBe(40);
});

test("? lists the keys, Esc closes the list", () => {
  const { el, key } = showDebugger();
  const card = el.querySelector<HTMLElement>(".tlw-help");
  key("?");
  expect([card?.hidden, card?.textContent.includes("follow a live run")]).toEqual([false, true]);
  key("Escape");
  expect(card?.hidden).toBe(true);
});

test("data shows old and new of the fact at the cursor, and asks why", async () => {
  const { el, key, last, answer } = showDebugger(40);
  key("Home");
  for (let step = 0; step < 7; step++) key("ArrowRight");
  expect(el.querySelector("[data-path=opened]")?.textContent).toBe("opened6→7why");
  expect(el.querySelector(".tlw-gone")?.textContent).toContain("late");
  el.querySelector<HTMLElement>("[data-why=opened]")?.click();
  await tick();
  expect(last("why")).toMatchObject({ seq: 7, path: "data.opened", widget: "k" });
  await answer("why", { text: "set by open_command", facts: [7, 3] });
  const page = el.querySelector<HTMLElement>(".tlw-whytab");
  expect([page?.hidden, page?.querySelector("pre")?.textContent]).toEqual([false, "set by open_command"]);
  page?.querySelectorAll<HTMLElement>(".tlw-link")[1]?.click();
  key("1");
  expect(el.querySelector<HTMLInputElement>(".tlw-seqinput")?.value).toBe("3");
});

test("a pinned field stays in view, and n and p find its changes", async () => {
  const { el, key, session: { store } } = showDebugger(40);
  key("Home");
  for (let step = 0; step < 2; step++) key("ArrowRight");
  el.querySelector<HTMLElement>("[data-path=opened]")?.click();
  menuItem(el, "Pin")?.click();
  store.go(9);
  key("n");
  await tick();
  expect(store.cursor).toBe(11); // 10 is an effect and changes nothing
  key("p");
  await tick();
  expect(store.cursor).toBe(9);
  store.bus.flush();
  expect(el.querySelector("[data-pin=opened]")?.textContent).toContain("8→9");
});

test("without a pinned field n and p find what went wrong", async () => {
  const { el, key, session: { store } } = showDebugger(120);
  key("p");
  await tick();
  expect(store.cursor).toBe(100);
  key("p");
  await tick();
  key("p");
  await tick();
  expect(store.cursor).toBe(50);
  expect(el.querySelector(".tlw-toast")?.textContent).toBe("Nothing went wrong before here.");
});

test("the log shows only rows in sight, marks the place, and a click goes there", () => {
  const { el, key, session: { store } } = showDebugger(640);
  key("2");
  key("Home");
  key("ArrowRight");
  const rows = el.querySelectorAll(".tlw-log .tlw-vrow:not([hidden])");
  expect(rows.length).toBeLessThan(60);
  const third = [...rows].find((row) => row.querySelector(".tlw-logseq")?.textContent === "3");
  expect(third?.textContent).toContain("fully_open");
  (third as HTMLElement).click();
  store.bus.flush();
  expect(store.cursor).toBe(3);
  expect(third?.classList.contains("tlw-here")).toBe(true);
  expect(el.querySelector(".tlw-log [role=listbox]")?.getAttribute("aria-activedescendant")).toBe(third?.id);
});

test("the log is filtered by kind at once and by text in Python too", async () => {
  const { el, key, last, answer, session: { store } } = showDebugger(120);
  key("2");
  el.querySelector<HTMLElement>("[data-group=refused]")?.click();
  const shown = (): (string | null | undefined)[] => [...el.querySelectorAll(".tlw-log .tlw-vrow:not([hidden]) .tlw-logseq")].map((one) => one.textContent);
  expect(shown()).toEqual(["50", "100"]);
  expect(el.querySelector(".tlw-place")?.textContent).toBe("2 of 120");
  expect(last("search")).toBeUndefined(); // everything is here: nobody need be asked
  el.querySelector<HTMLElement>("[data-group=refused]")?.click();
  const input = el.querySelector<HTMLInputElement>(".tlw-logbar input")!;
  vi.useFakeTimers();
  input.value = "u1";
  input.dispatchEvent(new Event("input"));
  expect(el.querySelector(".tlw-lognone")?.textContent).toBe("No fact matches.");
  await vi.advanceTimersByTimeAsync(400);
  vi.useRealTimers();
  expect(last("search")).toMatchObject({ track: "a", text: "u1" });
  await answer("search", { seqs: [7, 14], more: false });
  expect(shown()).toEqual(["7", "14"]);
  store.go(0);
  input.focus();
  key("Enter");
  expect(store.cursor).toBe(7);
});

test("what comes later is filtered, too", () => {
  const { el, key, session, frame } = showDebugger(45);
  key("2");
  el.querySelector<HTMLElement>("[data-group=refused]")?.click();
  session.hear(...rowsOf(46, 10));
  frame();
  expect(el.querySelector(".tlw-place")?.textContent).toBe("1 of 55");
});

test("the menu of an event skips it or changes it, as a fork; what is no event cannot be", async () => {
  const { el, key, last, session: { store } } = showDebugger(40);
  key("2");
  store.go(7);
  store.bus.flush();
  el.querySelector<HTMLElement>(".tlw-log [role=listbox]")?.focus();
  key("m");
  menuItem(el, "Skip")?.click();
  await tick();
  expect(last("fork")).toMatchObject({ at: 6, drop: [7], until: "end" });
  key("m");
  menuItem(el, "Change this event")?.click();
  await tick();
  const form = el.querySelector<HTMLFormElement>(".tlw-forms form")!;
  const data = form.querySelector("textarea")!;
  expect(JSON.parse(data.value)).toEqual({ by: "u1" });
  data.value = "{not json";
  form.requestSubmit();
  expect(form.querySelector(".tlw-why")?.textContent).toContain("Not JSON");
  data.value = '{"by": "u2"}';
  form.requestSubmit();
  await tick();
  expect(last("fork")).toMatchObject({ at: 6, drop: [7], until: "end", event: { name: "fully_open", data: { by: "u2" } } });
  store.go(10);
  store.bus.flush();
  el.querySelector<HTMLElement>(".tlw-log [role=listbox]")?.focus();
  key("m");
  expect(menuItem(el, "Skip")?.getAttribute("aria-disabled")).toBe("true");
});

test("fork here takes data and what came later along", async () => {
  const { el, button, last, answer, session: { store } } = showDebugger(40);
  store.go(5);
  button("Fork here …").click();
  const form = el.querySelector<HTMLFormElement>(".tlw-forms form")!;
  form.querySelector("textarea")!.value = '{"opened": 99}';
  form.querySelector("select")!.value = "end";
  form.requestSubmit();
  await tick();
  expect(last("fork")).toMatchObject({ at: 5, data: { opened: 99 }, until: "end" });
  expect(last("fork")).not.toHaveProperty("live");
  await answer("fork", { run: "fork_1" });
  expect(el.querySelector(".tlw-toast")?.textContent).toContain("fork_1");
  expect(el.querySelector("[data-tab=compare]")?.getAttribute("aria-selected")).toBe("true");
});

test("what cannot be done is said, with what to do instead", async () => {
  const { el, button, answer } = showDebugger();
  button("Export this run as a file").click();
  await tick();
  await answer("export", { ok: false, error: "The lab is closed.", hint: "Open it again." });
  expect(el.querySelector(".tlw-refused")?.textContent).toBe("Not done: The lab is closed.Open it again.");
});

test("a copied test is on the clipboard", async () => {
  const written: string[] = [];
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: (text: string) => Promise.resolve(void written.push(text)) } });
  const { el, key, last, answer, session: { store } } = showDebugger(40);
  key("2");
  store.go(7);
  store.bus.flush();
  el.querySelector<HTMLElement>(".tlw-log [role=listbox]")?.focus();
  key("m");
  menuItem(el, "Copy as test")?.click();
  await tick();
  expect(last("test_case")).toMatchObject({ seq: 7 });
  await answer("test_case", { text: "def test_it(): ..." });
  expect(written).toEqual(["def test_it(): ..."]);
});

test("a list that was cut says how long it is; a field that went away inside another is still seen", () => {
  const { el, session, frame } = showDebugger(3);
  const list = [...Array.from({ length: 60 }, (_, at) => at), "… 240 more"];
  const base = { order: { note: "x", lines: 1 }, list };
  session.hear({ type: "page", track: "a", page: 0, first: 1, base: {}, rows: [{ set: base }, {}, { set: { order: { lines: 1 } } }] }, []);
  frame();
  const at = (path: string): HTMLElement | null => el.querySelector(`.tlw-bigtree [data-path="${path}"]`);
  expect(at("list")?.textContent).toBe("list[300]");
  at("order")?.click();
  at("list")?.click();
  for (const details of el.querySelectorAll(".tlw-bigtree details")) details.dispatchEvent(new Event("toggle"));
  expect(at("order.note")?.textContent).toContain("removed");
  expect(at("order")?.getAttribute("aria-expanded")).toBe("true");
  expect(at("list.60")).toBeNull();
  expect(el.querySelector(".tlw-bigtree")?.textContent).toContain("… 240 more");
});

test("what went wrong is said until something is done since", async () => {
  const { el, session, answer, button } = showDebugger(40);
  const refused = el.querySelector<HTMLElement>(".tlw-refused");
  button("Export this run as a file").click();
  await tick();
  await answer("export", { ok: false, error: "Too large.", hint: "" });
  expect([refused?.hidden, refused?.textContent]).toEqual([false, "Not done: Too large."]);
  void session.ask("pause");
  await tick();
  await answer("pause");
  expect(refused?.hidden).toBe(true);
});

test("a run that ended while one looks is no longer driven", () => {
  const { el, session, frame } = showDebugger(40);
  session.hear({ type: "stand", track: "a", now: { ...stand, status: "stopped" } }, []);
  frame();
  expect(el.querySelector<HTMLElement>(".tlw-follow")?.hidden).toBe(true);
  expect(el.querySelector<HTMLElement>(".tlw-bpform")?.hidden).toBe(true);
});
