// Start a run of any machine the lab knows.

import type { Client } from "./client";
import { h, icon, ICONS, setAttr, submitOnEnter } from "./dom";
import { readObject } from "./form";
import type { MachineFace } from "./wire";

export interface Start {
  el: HTMLElement;
  button: HTMLButtonElement;
  draw(machines: Record<string, MachineFace>): void;
}

let count = 0;

export function startForm(client: Client, onStarted: (run: string) => void): Start {
  const id = `tlw-start-${++count}`;
  const machine = h("select", { class: "tlw-input", attrs: { id: `${id}-machine` } });
  const run = h("input", { class: "tlw-input", attrs: { id: `${id}-run`, type: "text", placeholder: "made for you", spellcheck: "false" } });
  const tenant = h("input", { class: "tlw-input", attrs: { id: `${id}-tenant`, type: "text", spellcheck: "false" } });
  const data = h("textarea", { class: "tlw-input tlw-code", attrs: { id: `${id}-data`, rows: 3, spellcheck: "false" } });
  const why = h("div", { class: "tlw-why", attrs: { role: "alert" } });
  const foreseen = h("div", { class: "tlw-wide tlw-foreseen", attrs: { role: "status" } });
  let known: Record<string, MachineFace> = {};
  const fill = (): void => {
    const face = known[machine.value];
    data.value = JSON.stringify(face?.data ?? {}, null, 1).replace(/\n\s*/g, " ");
    tenant.value = face?.tenant ?? "";
  };
  machine.addEventListener("change", fill);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void begin();
  };
  const begin = async (what = "start"): Promise<void> => {
    why.textContent = foreseen.textContent = "";
    try {
      const args = { machine: machine.value, run: run.value.trim(), tenant: tenant.value.trim(), data: readObject(data.value) };
      const reply = await client.commands.ask(what, args);
      if (!reply.ok) throw new Error([reply.error, reply.hint].filter(Boolean).join(" "));
      foreseen.textContent = reply.text ?? "";
      if (what !== "start") return;
      run.value = "";
      show(false);
      if (reply.run) onStarted(reply.run);
    } catch (error) {
      why.textContent = (error as Error).message;
    }
  };
  const buttons = ends(() => void begin("estimate"), () => show(false));
  const el = h("form", { class: "tlw-form tlw-start", attrs: { id, hidden: true, "aria-label": "Start a run" }, on: { submit } },
    field("Machine", machine), field("Run id", run), field("Tenant", tenant), field("Data (JSON object)", data, true), foreseen, why, buttons);
  const button = h("button", { class: "tlw-btn tlw-primary", attrs: { type: "button", "aria-expanded": "false", "aria-controls": id }, on: { click: () => show(el.hidden) } }, icon(ICONS.plus), "Start a run");
  const show = (on: boolean): void => {
    el.hidden = !on;
    setAttr(button, "aria-expanded", String(on));
    (on ? machine : button).focus();
  };
  submitOnEnter(el);
  el.addEventListener("input", () => (foreseen.textContent = "")); // it was of something else
  el.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(false);
  });
  const draw = (machines: Record<string, MachineFace>): void => {
    if (JSON.stringify(machines) === JSON.stringify(known)) return;
    const before = machine.value;
    known = machines;
    machine.replaceChildren(...Object.keys(machines).map((name) => h("option", { attrs: { value: name } }, name)));
    if (before in machines) machine.value = before;
    else fill();
    button.disabled = Object.keys(machines).length === 0;
    button.title = button.disabled ? "This lab knows no machine yet: lab.add(YourMachine)" : "";
  };
  return { el, button, draw };
}

function field(label: string, input: HTMLElement, wide = false): HTMLElement {
  return h("div", { class: wide ? "tlw-field tlw-wide" : "tlw-field" }, h("label", { attrs: { for: input.id } }, label), input);
}

function ends(estimate: () => void, cancel: () => void): HTMLElement {
  const title = "What it will cost, before it is started";
  return h("div", { class: "tlw-formend tlw-wide" },
    h("button", { class: "tlw-btn tlw-primary", attrs: { type: "submit" } }, "Start"),
    h("button", { class: "tlw-btn", attrs: { type: "button", title }, on: { click: estimate } }, "Estimate"),
    h("button", { class: "tlw-btn", attrs: { type: "button" }, on: { click: cancel } }, "Cancel"));
}
