// Send any event by its name, also one that will be refused: to see what the run says.

import { h, setAttr, submitOnEnter } from "./dom";
import { readObject } from "./form";
import type { Face, JsonObject } from "./wire";

export interface Other {
  el: HTMLElement;
  toggle: HTMLButtonElement;
  open(text: string): void;
  setEnabled(on: boolean): void;
}

let count = 0;

export function otherEvent(face: Face, send: (event: string, data: JsonObject) => void): Other {
  const id = `tlw-other-${++count}`;
  const name = h("input", { class: "tlw-input", attrs: { type: "text", list: `${id}-names`, placeholder: "event name", "aria-label": "Event name", spellcheck: "false", autocomplete: "off" } });
  const names = h("datalist", { attrs: { id: `${id}-names` } }, ...face.known.map((known) => h("option", { attrs: { value: known } })));
  const data = h("input", { class: "tlw-input tlw-code", attrs: { type: "text", placeholder: '{"data": 1}', "aria-label": "Data as a JSON object", spellcheck: "false", autocomplete: "off" } });
  const why = h("div", { class: "tlw-why", attrs: { role: "alert" } });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    why.textContent = "";
    try {
      const payload = readObject(data.value);
      if (!name.value.trim()) throw new Error("Which event? Type its name.");
      send(name.value.trim(), payload);
    } catch (error) {
      why.textContent = (error as Error).message;
    }
  };
  const button = h("button", { class: "tlw-btn", attrs: { type: "submit" } }, "Send");
  const attrs = { id, hidden: true, "aria-label": "Send another event" };
  const el = h("form", { class: "tlw-other", attrs, on: { submit } }, name, data, button, names, why);
  const toggle = h("button", {
    class: "tlw-link",
    attrs: { type: "button", "aria-expanded": "false", "aria-controls": id, title: "Send any event by name (e)" },
    on: { click: () => show(el.hidden) },
  }, "Other event…");
  const show = (on: boolean): void => {
    el.hidden = !on;
    setAttr(toggle, "aria-expanded", String(on));
    (on ? name : toggle).focus();
  };
  submitOnEnter(el);
  el.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    show(false);
  });
  return {
    el,
    toggle,
    open: (text) => {
      name.value = text || name.value;
      show(true);
    },
    setEnabled: (on) => {
      toggle.hidden = !on;
      if (!on) el.hidden = true;
    },
  };
}
