// Forms that open under the toolbar: another fork, an event changed, an event sent.

import { h, submitOnEnter } from "../dom";
import { eventForm, hasFields, readObject } from "../form";
import type { JsonObject } from "../wire";
import { fork, type Desk } from "./actions";
import { focusAgain } from "./menu";
import { num } from "./words";

export class Forms {
  readonly el = h("div", { class: "tlw-forms", attrs: { hidden: true } });
  private back: Element | null = null;

  constructor(private readonly desk: () => Desk) {
    this.el.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen(): boolean {
    return !this.el.hidden;
  }

  close(): void {
    if (this.el.hidden) return;
    this.el.hidden = true;
    this.el.replaceChildren();
    focusAgain(this.back, this.el);
  }

  fork(seq: number): void {
    const desk = this.desk();
    const data = area("{}", "Data to lay over the run's own");
    const rest = h("select", { class: "tlw-input", attrs: { "aria-label": "And then" } },
      h("option", { attrs: { value: "" } }, "stand there"), h("option", { attrs: { value: "end" } }, "take what came later along"));
    const live = check("perform effects that have no recorded result");
    this.open(`Fork at seq ${num(seq)}`, "Fork", [
      field("Data to change (JSON object)", data), field("And then", rest), live.el,
    ], () => {
      const changed = readObject(data.value);
      void fork(desk, {
        at: seq, ...(Object.keys(changed).length ? { data: changed } : {}),
        ...(rest.value ? { until: rest.value } : {}), ...(live.input.checked ? { live: true } : {}),
      }, `Forked at seq ${num(seq)}`);
    });
  }

  async changeEvent(seq: number): Promise<void> {
    const desk = this.desk();
    const { store, loader } = desk.session;
    if (!(await loader.have("a", seq))) {
      desk.say(`Fact ${num(seq)} could not be loaded.`);
      return;
    }
    const name = h("input", { class: "tlw-input", attrs: { type: "text", spellcheck: "false" } });
    name.value = store.a?.name(seq) ?? "";
    const given = store.a?.pages.detail(seq)?.event ?? {};
    const data = area(JSON.stringify(given, null, 1), "Data");
    const cut = JSON.stringify(given).includes("…");
    this.open(`Change the event at seq ${num(seq)}`, "Recompute as a fork", [
      field("Event", name), field("Data (JSON object)", data),
      cut && h("p", { class: "tlw-dim" }, "Long values are cut here (…): write them out, or fork in Python."),
    ], () => {
      const event = { name: name.value.trim(), data: readObject(data.value) };
      if (!event.name) throw new Error("The event needs a name");
      void fork(desk, { at: seq - 1, event, drop: [seq], until: "end" }, `Recomputed with another event at seq ${num(seq)}`);
    });
  }

  send(event: string): void {
    const desk = this.desk();
    const schema = desk.session.store.a?.info.face.events[event];
    const send = (data: JsonObject): void => {
      this.close();
      void desk.session.ask("send", { event, data }, true).then((reply) => {
        if (!reply.ok && reply.error) desk.session.trouble(reply.error, reply.hint);
      });
    };
    if (!hasFields(schema)) {
      send({});
      return;
    }
    const form = eventForm(event, schema, send, () => this.close());
    this.put(form.el);
    form.focus();
  }

  sendOther(): void {
    const name = h("input", { class: "tlw-input", attrs: { type: "text", spellcheck: "false" } });
    const data = area("{}", "Data");
    const { session } = this.desk();
    this.open("Send an event", "Send", [field("Event", name), field("Data (JSON object)", data)], () => {
      const event = name.value.trim();
      if (!event) throw new Error("The event needs a name");
      void session.ask("send", { event, data: readObject(data.value) });
    });
  }

  /** `done` may throw a sentence: the form stays open and says it. */
  private open(title: string, act: string, fields: (Node | null | false)[], done: () => void): void {
    const wrong = h("div", { class: "tlw-why", attrs: { role: "alert" } });
    const submit = (event: Event): void => {
      event.preventDefault();
      try {
        done();
        this.close();
      } catch (error) {
        wrong.textContent = (error as Error).message;
      }
    };
    const cancel = h("button", { class: "tlw-btn", attrs: { type: "button" }, on: { click: () => this.close() } }, "Cancel");
    const form = h("form", { class: "tlw-form", attrs: { "aria-label": title, novalidate: true }, on: { submit } },
      h("div", { class: "tlw-formhead" }, title), ...fields, wrong,
      h("div", { class: "tlw-formend" }, h("button", { class: "tlw-btn tlw-primary", attrs: { type: "submit" } }, act), cancel));
    submitOnEnter(form);
    this.put(form);
    form.querySelector<HTMLElement>("input, textarea, select")?.focus();
  }

  private put(form: HTMLElement): void {
    if (this.el.hidden) this.back = document.activeElement;
    this.el.replaceChildren(form);
    this.el.hidden = false;
  }
}

function area(text: string, label: string): HTMLTextAreaElement {
  const el = h("textarea", { class: "tlw-input tlw-code", attrs: { rows: 2, spellcheck: "false", "aria-label": label } });
  el.value = text;
  return el;
}

function field(title: string, input: HTMLElement): HTMLElement {
  return h("label", { class: "tlw-field" }, h("span", { class: "tlw-fieldname" }, title), input);
}

function check(title: string): { el: HTMLElement; input: HTMLInputElement } {
  const input = h("input", { attrs: { type: "checkbox" } });
  return { el: h("label", { class: "tlw-inline" }, input, title), input };
}
