// The focus: it is never lost, whatever is drawn again, hidden or switched off.
import { afterEach, expect, test } from "vitest";
import { keepFocus, renew } from "../src/debug/renew";
import { h } from "../src/dom";
import { closeAll, showDebugger } from "./debug_given";
import { forever } from "./given";

afterEach(closeAll);

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 90));
const button = (text: string): HTMLButtonElement => h("button", { attrs: { type: "button" } }, text);

test("what is drawn again keeps the focus by its name, else by its place", () => {
  const el = h("div", {}, button("one"), button("two"));
  document.body.append(el);
  (el.children[1] as HTMLElement).focus();
  renew(el, button("zero"), false, button("one"), button("two"));
  expect(document.activeElement?.textContent).toBe("two");
  renew(el, button("zero"), button("three"));
  expect(document.activeElement?.textContent).toBe("three");
});

test("what is hidden or switched off gives the focus back", async () => {
  const inner = button("x");
  const root = h("div", { attrs: { tabindex: 0 } }, inner);
  document.body.append(root);
  const check = keepFocus(root, forever);
  inner.focus();
  inner.disabled = true;
  check();
  await later();
  expect(document.activeElement).toBe(root);
  document.dispatchEvent(new Event("pointerdown")); // a person went elsewhere
  root.blur();
  check();
  await later();
  expect(document.activeElement).toBe(document.body);
});

test("stepping keeps the focus in the tree of data, which is one stop of the Tab key", () => {
  const { el, key } = showDebugger(40);
  const row = (path: string): HTMLElement | null => el.querySelector(`.tlw-bigtree [data-path="${path}"]`);
  const stops = (): (string | undefined)[] => [...el.querySelectorAll<HTMLElement>(".tlw-bigtree [tabindex='0']")].map((one) => one.dataset.path);
  expect(stops()).toEqual(["opened"]);
  row("opened")?.focus();
  key("ArrowLeft");
  expect([document.activeElement, stops()]).toEqual([row("opened"), ["opened"]]);
  key("ArrowDown");
  expect([document.activeElement, stops()]).toEqual([row("who"), ["who"]]);
  key("ArrowDown");
  expect(document.activeElement).not.toBe(document.body);
});

test("pressing the button of the end does not lose the keys", async () => {
  const { el, key, button: find, session: { store } } = showDebugger(40);
  key("ArrowLeft");
  const end = find("To the end (End)");
  end.focus();
  end.click();
  store.bus.flush();
  await later();
  expect(document.activeElement).toBe(el);
  key("ArrowLeft");
  expect(store.cursor).toBe(39);
});
