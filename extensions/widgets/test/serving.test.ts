// The server's widget: address, token, switches, what to paste, clients, calls, stop.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SHOWN_MS } from "../src/serving/address";
import { CALL, CLIENT, closeAll, NOW, settled, show } from "./serving_given";

let copied: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  copied = [];
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: (text: string) => Promise.resolve(void copied.push(text)) } });
});
afterEach(() => {
  closeAll();
  vi.useRealTimers();
});

test("before anybody calls it says so, and where to connect", () => {
  const { text, el } = show();
  expect(text(".tlw-surl")).toEqual([NOW.url]);
  expect(text(".tlw-header .tlw-badge")).toEqual(["serving"]);
  expect(text(".tlw-empty").join(" ")).toContain("No agent has called yet.");
  expect(text(".tlw-empty").join(" ")).toContain("No agent is connected.");
  expect(el.querySelector<HTMLElement>(".tlw-asks")?.hidden).toBe(true);
});

test("the token is told when it is asked for, and hides itself", async () => {
  const { text, button, reply, asked } = show();
  expect(text(".tlw-stoken")[0]).toMatch(/^•+$/);
  expect(asked.map((one) => one.do)).not.toContain("token");
  button("Show token").click();
  await reply("token", { text: "s3cret" });
  expect(text(".tlw-stoken")).toEqual(["s3cret"]);
  await vi.advanceTimersByTimeAsync(SHOWN_MS - 1);
  expect(text(".tlw-stoken")).toEqual(["s3cret"]);
  await vi.advanceTimersByTimeAsync(2);
  expect(text(".tlw-stoken")[0]).toMatch(/^•+$/);
  expect(button("Show token")).toBeTruthy();
});

test("the token is hidden by hand, by Escape, and when the server stops", async () => {
  const { text, button, reply, tell, el } = show();
  const look = async (): Promise<void> => {
    button("Show token").click();
    await reply("token", { text: "s3cret" });
    expect(text(".tlw-stoken")).toEqual(["s3cret"]);
  };
  await look();
  button("Hide token").click();
  expect(text(".tlw-stoken")[0]).toMatch(/^•+$/);
  await look();
  el.querySelector(".tlw-sshow")?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  expect(text(".tlw-stoken")[0]).toMatch(/^•+$/);
  await look();
  tell({ serving: false });
  expect(el.textContent).not.toContain("s3cret");
});

test("the token is copied without being shown", async () => {
  const { button, reply, el } = show();
  button("Copy the token without showing it").click();
  await reply("token", { text: "s3cret" });
  await settled();
  expect(copied).toEqual(["s3cret"]);
  expect(el.textContent).not.toContain("s3cret");
  expect(button("Copied")).toBeTruthy();
  await vi.advanceTimersByTimeAsync(2000);
  expect(button("Copy the token without showing it").textContent).toBe("Copy");
});

test("where the page may not copy, that is said and the token can be selected", async () => {
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
  const { button, reply, text } = show();
  button("Copy the token without showing it").click();
  await reply("token", { text: "s3cret" });
  await settled();
  await reply("token", { text: "s3cret" });
  expect(text("[role=alert]").join(" ")).toContain("may not use the clipboard");
  expect(text(".tlw-stoken")).toEqual(["s3cret"]);
});

test("a server without a token says what that means", () => {
  const { text, el } = show({ guarded: false });
  expect(text(".tlw-sopen:not([hidden])").join(" ")).toContain("every program on this machine may call");
  expect(el.querySelector<HTMLElement>(".tlw-sshow")?.closest<HTMLElement>("[hidden]")).not.toBeNull();
});

test("a set is switched, and shows what Python says", async () => {
  const { el, asked, reply, tell, text } = show();
  const debug = el.querySelector<HTMLButtonElement>("[data-set=debug]");
  expect(debug?.getAttribute("aria-checked")).toBe("false");
  debug?.click();
  await settled();
  expect(asked.at(-1)).toMatchObject({ do: "switch", set: "debug", on: true });
  expect(debug?.getAttribute("aria-checked")).toBe("false");
  tell({ sets: [{ name: "core", on: true }, { name: "debug", on: true }] });
  expect(el.querySelector("[data-set=debug]")).toBe(debug);
  expect(debug?.getAttribute("aria-checked")).toBe("true");
  await reply("switch", { ok: false, error: "No such set." });
  expect(text(".tlw-refused")[0]).toContain("No such set.");
});

test("what to paste is asked for by client and way, struck out, and copied whole", async () => {
  const { el, asked, reply, text, button } = show();
  await reply("config", { text: "Bearer ••••" });
  expect(asked.find((one) => one.do === "config")).toMatchObject({ client: "claude-code", bridge: false, whole: false });
  expect(text(".tlw-stext")[0]).toBe("Bearer ••••");
  expect(text(".tlw-snote")[0]).toContain("struck out");
  el.querySelector<HTMLElement>("[data-client=cursor]")?.click();
  const bridge = el.querySelector<HTMLInputElement>(".tlw-sconnect input");
  bridge?.click();
  await reply("config", { text: "the bridge" });
  expect(asked.at(-1)).toMatchObject({ client: "cursor", bridge: true });
  expect(el.querySelector("[data-client=cursor]")?.getAttribute("aria-checked")).toBe("true");
  expect(text(".tlw-snote")[0]).toBe("");
  button("Copy the text with the token").click();
  await reply("config", { text: "Bearer s3cret" });
  await settled();
  expect(asked.at(-1)).toMatchObject({ whole: true });
  expect(copied).toEqual(["Bearer s3cret"]);
  expect(el.textContent).not.toContain("s3cret");
});

test("an answer that comes late for another choice is not shown", async () => {
  const { el, asked, store, text } = show();
  await settled();
  const first = asked.find((one) => one.do === "config");
  el.querySelector<HTMLElement>("[data-client=vscode]")?.click();
  await settled();
  const second = asked.at(-1);
  store.hear({ type: "reply", id: second?.id as string, ok: true, text: "for vscode" });
  store.hear({ type: "reply", id: first?.id as string, ok: true, text: "for claude" });
  await settled();
  expect(text(".tlw-stext")[0]).toBe("for vscode");
});

test("what cannot be connected so is said with the way that can", async () => {
  const { reply, text, el } = show();
  await reply("config", { ok: false, error: "It speaks stdio only.", hint: "Use the bridge." });
  expect(text(".tlw-sconnect .tlw-why")).toEqual(["It speaks stdio only. Use the bridge."]);
  expect(el.querySelector<HTMLElement>(".tlw-stext")?.hidden).toBe(true);
});

test("agents are listed with who they are, as text", () => {
  const { el, text, tell } = show();
  tell({ clients: { rows: [{ ...CLIENT, name: "<img src=x>" }, { ...CLIENT, id: "c2" }], more: 4 }, rate: 2.5 });
  expect(text(".tlw-sclients tbody td:first-child")).toEqual(["<img src=x> 1.2", "scout 1.2"]);
  expect(el.querySelector("img")).toBeNull();
  expect(text(".tlw-empty")).toContain("and 4 more");
  expect(text(".tlw-scount")).toEqual(["6"]);
  expect(text(".tlw-seq")).toEqual(["2.5 calls/s"]);
});

test("a call is one line, and shows all of its arguments when it is pressed", () => {
  const { el, text, tell } = show({ calls: [CALL, { ...CALL, at: 1, outcome: "EventRefused" }] });
  expect(text(".tlw-sargs")[0]).toBe('"fsm_id": "d1", "event": "open"');
  expect(text(".tlw-sbad")).toEqual(["EventRefused"]);
  el.querySelector<HTMLElement>(".tlw-scalls .tlw-link")?.focus();
  el.querySelector<HTMLElement>(".tlw-scalls .tlw-link")?.click();
  expect(text(".tlw-sopened pre")).toEqual([CALL.arguments]);
  tell({ calls: [{ ...CALL, at: 2 }, CALL] });
  expect(text(".tlw-sopened pre")).toEqual([CALL.arguments]);
  expect((document.activeElement as HTMLElement).dataset.key).toContain(String(CALL.at));
  el.querySelectorAll<HTMLElement>(".tlw-scalls .tlw-link")[1]?.click();
  expect(text(".tlw-sopened pre")).toEqual([]);
});

test("stop asks once more, and not for ever", async () => {
  const { el, asked, tell, reply, text } = show({ clients: { rows: [CLIENT], more: 0 } });
  const stop = el.querySelector<HTMLButtonElement>("[data-do=stop]");
  stop?.click();
  expect(stop?.textContent).toBe("Really stop? 1 connected");
  await vi.advanceTimersByTimeAsync(4100);
  expect(stop?.textContent).toBe("Stop");
  stop?.click();
  expect(asked.map((one) => one.do)).not.toContain("stop");
  stop?.click();
  await reply("stop", {});
  expect(asked.map((one) => one.do)).toContain("stop");
  tell({ serving: false, rate: 0 });
  expect(text(".tlw-header .tlw-badge")).toEqual(["stopped"]);
  expect(text(".tlw-sstopped:not([hidden])")[0]).toContain("No agent can call.");
  expect(el.querySelector<HTMLButtonElement>("[data-set=core]")?.disabled).toBe(true);
  el.querySelector<HTMLButtonElement>("[data-do=start]")?.click();
  await reply("start", { ok: false, error: "The lab is closed." });
  expect(asked.at(-1)?.do).toBe("start");
  expect(text(".tlw-refused")[0]).toContain("The lab is closed.");
});

test("a message that was missed has everything said again", async () => {
  const { store, asked, text } = show();
  store.hear({ type: "serving", set: { rev: 5, url: "http://127.0.0.1:5/mcp" } });
  await settled();
  expect(asked.at(-1)?.do).toBe("open");
  store.hear({ type: "serving", whole: true, set: { ...NOW, rev: 6, url: "http://127.0.0.1:6/mcp" } });
  store.hear({ type: "serving", set: { rev: 4, url: "an old one" } });
  expect(text(".tlw-surl")).toEqual(["http://127.0.0.1:6/mcp"]);
});
