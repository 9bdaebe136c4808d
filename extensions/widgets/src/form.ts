// A form for an event's data, drawn from its schema; without a schema, one field for JSON.

import { h, submitOnEnter } from "./dom";
import type { Field, Json, JsonObject, Schema } from "./wire";

export interface Form {
  el: HTMLFormElement;
  focus(): void;
}

interface Entry {
  name: string;
  el: HTMLElement;
  input: HTMLElement;
  /** The value, or undefined where it was left empty. Throws a sentence where it cannot be read. */
  read(): Json | undefined;
  fail(text: string): void;
}

let count = 0;

export function hasFields(schema: Schema | undefined): boolean {
  return Object.keys(schema?.properties ?? {}).length > 0;
}

export function eventForm(
  event: string,
  schema: Schema | undefined,
  send: (data: JsonObject) => void,
  cancel: () => void,
): Form {
  const entries = hasFields(schema)
    ? Object.entries(schema?.properties ?? {}).map(([name, field]) =>
        fieldEntry(name, field, schema?.required?.includes(name) ?? false),
      )
    : [jsonEntry("", "Data (JSON object)", "{}", false)];
  const submit = (submitted: SubmitEvent): void => {
    submitted.preventDefault();
    const data = readAll(entries, hasFields(schema));
    if (data) send(data);
  };
  const el = h(
    "form",
    { class: "tlw-form", attrs: { "aria-label": `Data of ${event}`, novalidate: true }, on: { submit } },
    h("div", { class: "tlw-formhead" }, event),
    ...entries.map((entry) => entry.el),
    h(
      "div",
      { class: "tlw-formend" },
      h("button", { class: "tlw-btn tlw-primary", attrs: { type: "submit" } }, `Send ${event}`),
      h("button", { class: "tlw-btn", attrs: { type: "button" }, on: { click: cancel } }, "Cancel"),
    ),
  );
  submitOnEnter(el);
  el.addEventListener("keydown", (key) => {
    if (key.key !== "Escape") return;
    key.stopPropagation();
    cancel();
  });
  return { el, focus: () => entries[0]?.input.focus() };
}

function readAll(entries: readonly Entry[], named: boolean): JsonObject | null {
  const data: JsonObject = {};
  let wrong: Entry | undefined;
  for (const entry of entries) {
    try {
      const value = entry.read();
      entry.fail("");
      if (value === undefined) continue;
      if (named) data[entry.name] = value;
      else Object.assign(data, value);
    } catch (error) {
      entry.fail((error as Error).message);
      wrong ??= entry;
    }
  }
  wrong?.input.focus();
  return wrong ? null : data;
}

/** Text as JSON that must be an object. Throws a sentence. */
export function readObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text.trim() || "{}");
  } catch (error) {
    throw new Error(`Not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error('It must be a JSON object, like {"user_id": "u1"}');
  }
  return value as JsonObject;
}

function fieldEntry(name: string, field: Field, required: boolean): Entry {
  const label = field.title ?? name;
  if (field.enum) return enumEntry(name, label, field, required);
  switch (field.type) {
    case "boolean": return booleanEntry(name, label, field, required);
    case "integer":
    case "number": return numberEntry(name, label, field, required);
    case "object":
    case "array": return jsonEntry(name, label, JSON.stringify(field.default ?? null), required);
    default: return textEntry(name, label, field, required);
  }
}

function entryOf(
  name: string, label: string, required: boolean, input: HTMLElement, read: () => Json | undefined, note = "",
): Entry {
  const id = `tlw-field-${++count}`;
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-why`);
  if (required) input.setAttribute("aria-required", "true");
  const why = h("div", { class: "tlw-why", attrs: { id: `${id}-why`, role: "alert" } });
  const star = required && h("span", { class: "tlw-star", attrs: { title: "required" } }, " *");
  const title = h("label", { attrs: { for: id } }, label, star, note ? h("span", { class: "tlw-note" }, note) : null);
  const check = input instanceof HTMLInputElement && input.type === "checkbox";
  const el = h("div", { class: check ? "tlw-field tlw-check" : "tlw-field" }, ...(check ? [input, title] : [title, input]), why);
  const fail = (text: string): void => {
    why.textContent = text;
    input.setAttribute("aria-invalid", String(text !== ""));
  };
  return { name, el, input, read, fail };
}

function textEntry(name: string, label: string, field: Field, required: boolean): Entry {
  const input = h("input", { class: "tlw-input", attrs: { type: "text", spellcheck: "false" } });
  if (typeof field.default === "string") input.value = field.default;
  return entryOf(name, label, required, input, () => {
    if (input.value === "" && !required) return undefined;
    if (input.value === "") throw new Error(`${label} is needed`);
    return input.value;
  });
}

function numberEntry(name: string, label: string, field: Field, required: boolean): Entry {
  const whole = field.type === "integer";
  const attrs = { type: "text", inputmode: whole ? "numeric" : "decimal" };
  const input = h("input", { class: "tlw-input", attrs });
  if (typeof field.default === "number") input.value = String(field.default);
  return entryOf(name, label, required, input, () => {
    const text = input.value.trim();
    if (text === "" && !required) return undefined;
    const value = Number(text);
    if (text === "" || !Number.isFinite(value)) throw new Error(`${label} must be a number`);
    if (whole && !Number.isInteger(value)) throw new Error(`${label} must be a whole number`);
    if (field.minimum !== undefined && value < field.minimum) throw new Error(`${label} must be at least ${field.minimum}`);
    if (field.maximum !== undefined && value > field.maximum) throw new Error(`${label} must be at most ${field.maximum}`);
    return value;
  }, range(field));
}

function range(field: Field): string {
  const { minimum, maximum } = field;
  if (minimum !== undefined && maximum !== undefined) return ` ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` at least ${minimum}`;
  return maximum === undefined ? "" : ` at most ${maximum}`;
}

function booleanEntry(name: string, label: string, field: Field, required: boolean): Entry {
  const input = h("input", { attrs: { type: "checkbox" } });
  input.checked = field.default === true;
  let touched = false;
  input.addEventListener("change", () => (touched = true));
  const known = required || typeof field.default === "boolean";
  return entryOf(name, label, false, input, () => (known || touched ? input.checked : undefined));
}

function enumEntry(name: string, label: string, field: Field, required: boolean): Entry {
  const choices = field.enum ?? [];
  const empty = required || field.default !== undefined ? [] : [h("option", { attrs: { value: "" } }, "–")];
  const options = choices.map((value, at) => h("option", { attrs: { value: at } }, typeof value === "string" ? value : JSON.stringify(value)));
  const input = h("select", { class: "tlw-input" }, ...empty, ...options);
  const standard = choices.findIndex((value) => value === field.default);
  if (standard >= 0) input.value = String(standard);
  return entryOf(name, label, required, input, () => (input.value === "" ? undefined : choices[Number(input.value)]));
}

function jsonEntry(name: string, label: string, start: string, required: boolean): Entry {
  const input = h("textarea", { class: "tlw-input tlw-code", attrs: { rows: 2, spellcheck: "false" } });
  input.value = start === "null" ? "" : start;
  return entryOf(name, label, required, input, () => {
    if (!name) return readObject(input.value);
    if (input.value.trim() === "" && !required) return undefined;
    try {
      return JSON.parse(input.value) as Json;
    } catch (error) {
      throw new Error(`Not JSON: ${(error as Error).message}`);
    }
  });
}
