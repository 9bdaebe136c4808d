// What a debugger does to a run: held and stepped, breakpoints, forks, comparison, files, loading.
import { afterEach, expect, test, vi } from "vitest";
import { specOf } from "../src/debug/breakpoints_tab";
import { ordered } from "../src/debug/forks_tab";
import { closeAll, compared, menuItem, pageMessage, rowsOf, showDebugger, stand, trackMessage } from "./debug_given";
import { tick } from "./given";

afterEach(closeAll);

const held = {
  breakpoint: "b1", reason: "Breakpoint b1: open_command would enter opening.", seq: 40, event: { name: "open_command", data: {} }, micro: 0, waiting: 3,
  preview: { moves: [{ event: "open_command", exited: ["closed"], taken: ["closed#0"], entered: ["opening"], active: ["opening"] }], changes: [{ path: "opened", old: 1, new: 2 }], effects: [{ kind: "log" }], to: ["opening"], refusal: "" },
};
const points = [{ id: "b1", text: "opening is entered", enabled: true, hits: 1, spec: { state: "opening", on: "enter" as const } }];

test("a held run says why and what would come, and is stepped or let go", async () => {
  const { el, session, sent, frame, button } = showDebugger(40);
  const banner = el.querySelector<HTMLElement>(".tlw-held");
  expect(banner?.hidden).toBe(true);
  session.hear({ type: "stand", track: "a", now: { ...stand, held, mailbox: [{ seq: 41, name: "open_command", kind: "event" }], breakpoints: points } }, []);
  frame();
  expect(banner?.hidden).toBe(false);
  expect(banner?.textContent).toContain("Held at b1: open_command would enter opening.");
  expect(banner?.querySelector(".tlw-preview")?.textContent).toContain("closed → opening");
  expect(banner?.querySelector(".tlw-mail")?.textContent).toBe("3 wait");
  expect(el.querySelector(".tlw-stage .tl-transition")?.classList.contains("tlw-coming")).toBe(true);
  expect(el.querySelector(".tlw-stage [data-state=opening]")?.classList.contains("tlw-hasbp")).toBe(true);
  for (const name of ["Step", "Microstep", "To effect"]) button(name).click();
  banner?.querySelector<HTMLElement>("[data-step=resume]")?.click();
  await tick();
  expect(sent.filter((one) => one.do === "step").map((one) => one.by)).toEqual(["event", "microstep", "effect"]);
  expect(sent.at(-1)?.do).toBe("resume");
  session.hear({ type: "stand", track: "a", now: stand }, []);
  frame();
  expect(banner?.hidden).toBe(true);
});

test("breakpoints are added, turned off, removed; what is wrong with one stands at the form", async () => {
  const { el, session, last, sent, answer, frame } = showDebugger(40);
  const form = el.querySelector<HTMLFormElement>(".tlw-bpform")!;
  form.requestSubmit();
  await tick();
  expect([form.querySelector(".tlw-why")?.textContent, sent.some((one) => one.do === "breakpoint")]).toEqual(["The state is needed", false]);
  form.querySelector<HTMLInputElement>("input[list]")!.value = "openin";
  form.requestSubmit();
  await tick();
  expect(last("breakpoint")).toMatchObject({ spec: { state: "openin", on: "enter" } });
  await answer("breakpoint", { ok: false, error: "No state 'openin'.", hint: "Did you mean opening?" });
  expect(form.querySelector(".tlw-why")?.textContent).toBe("No state 'openin'. Did you mean opening?");
  form.requestSubmit();
  await tick();
  await answer("breakpoint", { breakpoint: "b1" });
  expect(form.querySelector<HTMLInputElement>("input[list]")?.value).toBe("");
  session.hear({ type: "stand", track: "a", now: { ...stand, breakpoints: points } }, []);
  frame();
  el.querySelector<HTMLInputElement>("[data-breakpoint=b1] input")?.click();
  el.querySelector<HTMLElement>("[aria-label='Remove b1']")?.click();
  await tick();
  expect(last("breakpoint_set")).toMatchObject({ breakpoint: "b1", enabled: false });
  expect(last("breakpoint_remove")).toMatchObject({ breakpoint: "b1" });
});

test("a breakpoint is what its form says", () => {
  expect(specOf("exit", " open ", "", "", false)).toEqual({ state: "open", on: "exit" });
  expect(specOf("event", "zone.*", "data.n > 1", "3", true)).toEqual({ event: "zone.*", when: "data.n > 1", hit: 3, once: true });
  expect(specOf("error", "", "", "1", false)).toEqual({ error: true });
  expect(specOf("when", "data.n > 1", "ignored", "", false)).toEqual({ when: "data.n > 1" });
  expect(() => specOf("event", "x", "", "0", false)).toThrow("whole number");
  expect(() => specOf("effect", " ", "", "", false)).toThrow("kind of effect is needed");
});

test("b puts a breakpoint on the state here, and takes it away again", async () => {
  const { key, session, last, frame } = showDebugger(40);
  key("ArrowLeft");
  key("ArrowLeft"); // 38, opening
  key("b");
  await tick();
  expect(last("breakpoint")).toMatchObject({ spec: { state: "opening", on: "enter" } });
  session.hear({ type: "stand", track: "a", now: { ...stand, breakpoints: points } }, []);
  frame();
  key("b");
  await tick();
  expect(last("breakpoint_remove")).toMatchObject({ breakpoint: "b1" });
});

test("a run that is not live cannot be held nor driven, and says so", () => {
  const { el, key } = showDebugger(40, { live: false, status: "done" });
  expect(el.querySelector<HTMLElement>(".tlw-bpform")?.hidden).toBe(true);
  expect(el.querySelector<HTMLElement>("[aria-label='Drive the run']")?.hidden).toBe(true);
  key("b");
  expect(el.querySelector(".tlw-toast")?.textContent).toContain("Only a run that is live");
});

test("a press on a state offers what can be done there", async () => {
  const { el, last } = showDebugger(40);
  el.querySelector(".tlw-stage [data-state=opening] rect")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  const menu = el.querySelector<HTMLElement>("[role=menu]");
  expect(menu?.getAttribute("aria-label")).toBe("opening");
  menuItem(el, "Run to here")?.click();
  await tick();
  expect([last("run_to")?.state, menu?.hidden]).toEqual(["opening", true]);
});

test("the tree of forks: parents first, and any of them can be opened or put beside", async () => {
  const node = { machine: "SmartDoor", state: "closed", status: "running", seq: 9, note: "" };
  const nodes = [
    { ...node, run: "c", parent: "a", at: 7 }, { ...node, run: "door_001", parent: null, at: null }, { ...node, run: "d", parent: "b", at: 2 },
    { ...node, run: "b", parent: "door_001", at: 3 }, { ...node, run: "a", parent: "door_001", at: 5 },
  ];
  expect(ordered(nodes).map(([one, depth]) => [one.run, depth])).toEqual([["door_001", 0], ["b", 1], ["d", 2], ["a", 1], ["c", 2]]);
  const { el, session, frame, last } = showDebugger(40);
  session.hear({ type: "tree", nodes }, []);
  frame();
  expect(el.querySelector("[data-tab=forks] .tlw-tabcount")?.textContent).toBe("4");
  const [open, compare] = el.querySelectorAll<HTMLButtonElement>("[data-run=d] button");
  open?.click();
  await tick();
  expect(last("track")).toMatchObject({ track: "a", run: "d" });
  compare?.click();
  await tick();
  expect(last("track")).toMatchObject({ track: "b", run: "d" });
});

test("two runs side by side: the second picture, aligned rows, the first difference, one picture", () => {
  const { el, key, session, frame, button } = showDebugger(40);
  session.hear(trackMessage(4, { track: "b", run: "fork_1", forked_from: "door_001", forked_at: 9 }), []);
  const [message, buffers] = rowsOf(1, 4, { track: "b" });
  session.hear(message, buffers);
  session.hear(compared, []);
  frame();
  key("6");
  const [first, second] = el.querySelectorAll<HTMLElement>(".tlw-stage");
  expect(second?.hidden).toBe(false);
  button("First difference").click();
  frame();
  expect(session.store.cursor).toBe(12);
  expect(second?.querySelector(".tlw-stagetitle")?.textContent).toBe("B  fork_1 · seq 3");
  expect(el.querySelectorAll(".tlw-cmptab .tlw-differs").length).toBe(2);
  expect(el.querySelector(".tlw-cmptable")?.textContent).toContain("opened143");
  el.querySelector<HTMLInputElement>(".tlw-cmptools input")?.click();
  frame();
  expect([second?.hidden, first?.querySelector("[data-state=opening]")?.classList.contains("tlw-atleft")]).toEqual([true, true]);
});

test("facts of a run that is not all here are asked for where one looks, once", async () => {
  const { session, sent, frame } = showDebugger(64, { total: 25_600, overview: { buckets: [{ seq: 1, count: 25_600, state: 0, bad: false }] } });
  session.hear(...rowsOf(399 * 64 + 1, 64));
  session.hear(pageMessage(1599, 25_600), []);
  session.hear(pageMessage(1598, 25_600), []);
  await tick();
  frame();
  sent.length = 0;
  session.store.go(3000);
  for (let again = 0; again < 3; again++) frame();
  await tick();
  const asked = sent.map((one) => `${one.do} ${Number(one.page)}`).sort();
  expect(asked).toEqual(["page 186", "page 187", "rows 46"]);
});

test("a view that is closed hears nothing more", () => {
  const { el, end, session, frame } = showDebugger(40);
  end.abort();
  const before = el.innerHTML;
  session.store.go(3);
  frame();
  expect(el.innerHTML).toBe(before);
});

test("a file that comes is saved, one that is picked is sent as it is", async () => {
  const { base64, save } = await import("../src/debug/files");
  expect(base64(new Uint8Array([0, 255, 10, 97]))).toBe("AP8KYQ==");
  const clicked: string[] = [];
  const make = vi.fn(() => "blob:x");
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: make, revokeObjectURL: vi.fn() }));
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    clicked.push(this.download);
  });
  save("run.zip", "application/zip", [new DataView(new ArrayBuffer(3))]);
  click.mockRestore();
  vi.unstubAllGlobals();
  expect(clicked).toEqual(["run.zip"]);
  expect(make).toHaveBeenCalledOnce();
});

test("an event that was refused is said with the reason, once", () => {
  const { el, session, frame } = showDebugger(40);
  const refused = { seq: 41, event: "kick", reason: "Event 'kick' means nothing in closed.", hint: "Events taken here: open_command." };
  const notice = el.querySelector<HTMLElement>(".tlw-refused");
  session.hear({ type: "stand", track: "a", now: { ...stand, refused } }, []);
  frame();
  expect(notice?.textContent).toContain("means nothing in closed");
  notice?.querySelector<HTMLElement>("button")?.click();
  session.hear({ type: "stand", track: "a", now: { ...stand, refused } }, []);
  frame();
  expect(notice?.hidden).toBe(true);
});
