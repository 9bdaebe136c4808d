// Forms send what the schema says, and say what is wrong in a sentence.
import { beforeEach, expect, test, vi } from "vitest";
import { eventForm, readObject } from "../src/form";
import { face } from "./given";

beforeEach(() => document.body.replaceChildren());

function open(event = "set_speed") {
  const send = vi.fn();
  const cancel = vi.fn();
  const form = eventForm(event, face.events[event], send, cancel);
  document.body.append(form.el);
  const field = (label: string): HTMLInputElement => {
    const found = [...form.el.querySelectorAll("label")].find((one) => one.textContent.startsWith(label));
    return document.getElementById(found?.htmlFor ?? "") as HTMLInputElement;
  };
  const submit = (): void => form.el.requestSubmit();
  return { form, send, cancel, field, submit };
}

test("defaults are filled in, and what was left empty is left out", () => {
  const { field, send, submit } = open();
  field("who").value = "u1";
  submit();
  expect(send).toHaveBeenCalledWith({ speed: 3, who: "u1" });
});

test("every kind of field is read as its type", () => {
  const { field, send, submit } = open();
  field("who").value = "u1";
  field("speed").value = "9";
  field("mode").value = "1";
  field("loud").click();
  submit();
  expect(send).toHaveBeenCalledWith({ speed: 9, who: "u1", mode: "fast", loud: true });
});

test.each([
  ["", "u1", "speed must be a number"],
  ["2.5", "u1", "speed must be a whole number"],
  ["12", "u1", "speed must be at most 9"],
  ["0", "u1", "speed must be at least 1"],
  ["3", "", "who is needed"],
])("speed %j and who %j: %s", (speed, who, sentence) => {
  const { form, field, send, submit } = open();
  field("speed").value = speed;
  field("who").value = who;
  submit();
  expect(send).not.toHaveBeenCalled();
  expect(form.el.textContent).toContain(sentence);
  expect(form.el.querySelector("[aria-invalid=true]")).toBe(document.activeElement);
});

test("Escape cancels", () => {
  const { form, cancel } = open();
  form.el.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  expect(cancel).toHaveBeenCalled();
});

test("without a schema there is one field for a JSON object", () => {
  const { form, send, submit } = open("open_command");
  const area = form.el.querySelector("textarea");
  if (area) area.value = '{"user_id": "u1"}';
  submit();
  expect(send).toHaveBeenCalledWith({ user_id: "u1" });
});

test("JSON that is no object is told so", () => {
  expect(readObject("")).toEqual({});
  expect(() => readObject("[1]")).toThrow("must be a JSON object");
  expect(() => readObject("{")).toThrow("Not JSON");
});
