// What agents ask: shown in order, as text, answered by a button, gone when it is answered anywhere.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Client } from "../src/client";
import { panel } from "../src/panel";
import { fakeCommands, FakeModel, forever } from "./given";
import { closeAll, QUESTION, settled, show } from "./serving_given";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  closeAll();
  vi.useRealTimers();
});

const three = { rows: ["a", "b", "c"].map((id) => ({ ...QUESTION, id, text: `An agent wants ${id}.` })), more: 0 };

test("a question shows who wants what with which arguments, as text", () => {
  const { el, text } = show({ questions: { rows: [{ ...QUESTION, text: "An agent (<b>x</b>) wants", arguments: "<img src=x>" }], more: 0 } });
  expect(text(".tlw-ask strong")).toEqual(["An agent (<b>x</b>) wants"]);
  expect(text(".tlw-askargs")).toEqual(["<img src=x>"]);
  expect(text(".tlw-askabout dd")).toEqual(["destroy_fsm", "d1", "default"]);
  expect(text(".tlw-ask button")).toEqual(["Allow once", "Always for this tool", "Deny", "Never"]);
  expect(el.querySelector("img, b")).toBeNull();
});

test.each([["Allow once", "once"], ["Always for this tool", "always"], ["Deny", "deny"], ["Never", "never"]])("%s answers %s, and only once", async (name, answer) => {
  const { asked, button, tell, el } = show({ questions: { rows: [QUESTION], more: 0 } });
  button(name).click();
  button(name).click();
  await settled();
  expect(asked.filter((one) => one.do === "decide")).toMatchObject([{ question: "q1", answer }]);
  expect(button("Deny").getAttribute("aria-disabled")).toBe("true");
  tell({ questions: { rows: [], more: 0 } });
  expect(el.querySelector<HTMLElement>(".tlw-asks")?.hidden).toBe(true);
});

test("an answer that came too late is told, and the others stay as they are", async () => {
  const { button, reply, text, tell, el } = show({ questions: three });
  const kept = el.querySelector("[data-question=b]");
  button("Deny").click();
  await reply("decide", { ok: false, error: "No question 'a' is open." });
  expect(text(".tlw-refused")[0]).toContain("No question 'a' is open.");
  expect(button("Deny").hasAttribute("aria-disabled")).toBe(false);
  tell({ questions: { rows: three.rows.slice(1), more: 2 } });
  expect(text(".tlw-ask strong")).toEqual(["An agent wants b.", "An agent wants c."]);
  expect(el.querySelector("[data-question=b]")).toBe(kept);
  expect(text(".tlw-askmore")).toEqual(["and 2 more wait"]);
});

test("after an answer by keyboard the next question has the focus, not its buttons", () => {
  const { button, tell, el } = show({ questions: three });
  button("Allow once").focus();
  tell({ questions: { rows: three.rows.slice(1), more: 0 } });
  expect(document.activeElement).toBe(el.querySelector("[data-question=b]"));
  tell({ questions: { rows: [], more: 0 } });
  expect(document.activeElement).toBe(el);
});

test("a card that has just come or moved takes no click of the mouse", async () => {
  const { tell, el } = show({ questions: three });
  const settling = (id: string): boolean | undefined => el.querySelector(`[data-question=${id}]`)?.classList.contains("tlw-settling");
  expect(settling("a")).toBe(true);
  await vi.advanceTimersByTimeAsync(600);
  expect([settling("a"), settling("b")]).toEqual([false, false]);
  tell({ questions: { rows: three.rows.slice(1), more: 0 } });
  expect([settling("b"), settling("c")]).toEqual([true, true]);
});

test("what comes is said once, and its age is not", async () => {
  const { tell, el, text } = show();
  const said = (): string[] => [...el.querySelectorAll("[aria-live=polite]")].map((one) => one.textContent).filter(Boolean);
  tell({ questions: { rows: [{ ...QUESTION, at: Date.now() - 5000 }], more: 0 } });
  await vi.advanceTimersByTimeAsync(1000);
  expect(said()).toEqual(["An agent (scout) wants to call destroy_fsm. Allow once, always, deny, or never."]);
  expect(text(".tlw-askage")).toEqual(["6 s ago"]);
  await vi.advanceTimersByTimeAsync(200_000);
  expect(text(".tlw-askage")).toEqual(["3 min ago"]);
  expect(said()).toHaveLength(1);
});

test("the panel shows them too, and a run's name opens the run", async () => {
  const { commands, sent } = fakeCommands();
  const board = { rev: 1, total: 0, running: 0, title: "Lab in memory", machines: {}, groups: [], questions: { rows: [QUESTION], more: 0 } };
  const el = panel(new Client(new FakeModel({ key: "k", board }), commands), forever);
  document.body.append(el);
  el.querySelector<HTMLElement>("[data-answer=deny]")?.click();
  el.querySelector<HTMLElement>(".tlw-askabout .tlw-link")?.click();
  await settled();
  expect(sent).toContainEqual(expect.objectContaining({ do: "decide", question: "q1", answer: "deny" }));
  expect(sent).toContainEqual(expect.objectContaining({ do: "open", run: "d1" }));
});
