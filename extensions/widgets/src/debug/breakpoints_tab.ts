// Breakpoints: those there are, and a form for another one.

import { h, ICONS, iconButton, submitOnEnter } from "../dom";
import { addBreakpoint, type Desk } from "./actions";
import { renew } from "./renew";
import type { BreakpointRow, BreakpointSpec } from "./wire";

const KINDS = [
  ["enter", "a state is entered"],
  ["exit", "a state is left"],
  ["event", "an event comes"],
  ["effect", "an effect is asked for"],
  ["error", "something fails"],
  ["when", "an expression becomes true"],
] as const;
type Kind = (typeof KINDS)[number][0];

let count = 0;

/** What was typed, as Python wants it. Throws a sentence. */
export function specOf(kind: Kind, value: string, when: string, hit: string, once: boolean): BreakpointSpec {
  const times = hit.trim() === "" ? 1 : Number(hit);
  if (!Number.isInteger(times) || times < 1) throw new Error("The hit must be a whole number from 1 on");
  const need = (what: string): string => {
    if (!value.trim()) throw new Error(`${what} is needed`);
    return value.trim();
  };
  const more: BreakpointSpec = {
    ...(when.trim() && kind !== "when" ? { when: when.trim() } : {}), ...(times > 1 ? { hit: times } : {}), ...(once ? { once } : {}),
  };
  switch (kind) {
    case "enter":
    case "exit": return { state: need("The state"), on: kind, ...more };
    case "event": return { event: need("The event"), ...more };
    case "effect": return { effect: need("The kind of effect"), ...more };
    case "error": return { error: true, ...more };
    case "when": return { when: need("The expression"), ...more };
  }
}

export class BreakpointsTab {
  readonly el: HTMLElement;
  private readonly list = h("div", { class: "tlw-lines" });
  private readonly names = h("datalist", { attrs: { id: `tlw-bpnames-${++count}` } });
  private readonly kind = h("select", { class: "tlw-input", attrs: { "aria-label": "Hold when" } },
    ...KINDS.map(([id, title]) => h("option", { attrs: { value: id } }, title)));
  private readonly value = h("input", { class: "tlw-input", attrs: { type: "text", list: this.names.id, spellcheck: "false", "aria-label": "State, event or expression" } });
  private readonly when = h("input", { class: "tlw-input tlw-code", attrs: { type: "text", spellcheck: "false", placeholder: "and data.n > 3", "aria-label": "Condition" } });
  private readonly hit = h("input", { class: "tlw-input", attrs: { type: "text", inputmode: "numeric", placeholder: "1", "aria-label": "From the n-th hit on" } });
  private readonly once = h("input", { attrs: { type: "checkbox", "aria-label": "Only once" } });
  private readonly wrong = h("div", { class: "tlw-why", attrs: { role: "alert" } });
  private readonly form: HTMLFormElement;
  private readonly dead = h("p", { class: "tlw-empty" }, "Only a run that is live here can be held. A fork of this one can.");

  constructor(private readonly desk: Desk, signal: AbortSignal) {
    const submit = (event: Event): void => {
      event.preventDefault();
      void this.add();
    };
    this.form = h("form", { class: "tlw-bpform", attrs: { "aria-label": "New breakpoint", novalidate: true }, on: { submit } },
      h("span", { class: "tlw-dim" }, "Hold when"), this.kind, this.value, this.when,
      h("label", { class: "tlw-inline" }, "hit", this.hit), h("label", { class: "tlw-inline" }, this.once, "once"),
      h("button", { class: "tlw-btn tlw-small tlw-primary", attrs: { type: "submit" } }, "Add"), this.wrong, this.names);
    submitOnEnter(this.form);
    this.kind.addEventListener("change", () => this.settle());
    this.el = h("div", { class: "tlw-bptab" }, this.form, this.dead, this.list);
    this.settle();
    desk.session.store.bus.on(["stand", "track"], () => this.draw(), signal);
    desk.session.store.bus.on(["track"], () => this.settle(), signal);
  }

  focus(): void {
    this.value.focus();
  }

  /** The form asks for what the kind of breakpoint needs. */
  private settle(): void {
    const kind = this.kind.value as Kind;
    const face = this.desk.session.store.a?.info.face;
    const states = [...new Set(Array.from(face?.svg.matchAll(/data-state="([^"]+)"/g) ?? [], (found) => found[1] ?? ""))];
    const names = kind === "event" ? face?.known ?? [] : kind === "effect" ? ["call", "delay", "log", "put_data", "send_event", "raise"] : kind === "when" ? [] : states;
    this.value.hidden = kind === "error";
    this.when.hidden = kind === "when";
    this.value.classList.toggle("tlw-code", kind === "when");
    this.value.placeholder = { enter: "state", exit: "state", event: "event, or zone.*", effect: "call", error: "", when: "data.total > 100" }[kind];
    this.names.replaceChildren(...names.sort().map((name) => h("option", { attrs: { value: name } })));
    this.wrong.textContent = "";
  }

  private async add(): Promise<void> {
    this.wrong.textContent = "";
    let spec: BreakpointSpec;
    try {
      spec = specOf(this.kind.value as Kind, this.value.value, this.when.value, this.hit.value, this.once.checked);
    } catch (error) {
      this.wrong.textContent = (error as Error).message;
      return;
    }
    const { session } = this.desk;
    const reply = await session.ask("breakpoint", { spec: { ...spec } }, true);
    if (!reply.ok) {
      this.wrong.textContent = [reply.error, reply.hint].filter(Boolean).join(" ");
      return;
    }
    for (const field of [this.value, this.when, this.hit]) field.value = "";
    this.once.checked = false;
  }

  private draw(): void {
    const { stand, drivable: live } = this.desk.session.store;
    this.form.hidden = !live;
    this.dead.hidden = live;
    const rows = stand?.breakpoints ?? [];
    const none = live ? [h("p", { class: "tlw-empty" }, "None yet. A press on a state in the picture offers one, too.")] : [];
    renew(this.list, ...(rows.length ? rows.map((row) => this.line(row)) : none));
  }

  private line(row: BreakpointRow): HTMLElement {
    const { session } = this.desk;
    const held = session.store.stand?.held?.breakpoint === row.id;
    const check = h("input", { attrs: { type: "checkbox", "aria-label": `${row.id} is on` } });
    check.checked = row.enabled;
    check.addEventListener("change", () => void session.ask("breakpoint_set", { breakpoint: row.id, enabled: check.checked }));
    return h("div", { class: held ? "tlw-line tlw-heldline" : "tlw-line", attrs: { "data-breakpoint": row.id } },
      check, h("b", {}, row.id), h("span", { class: row.problem ? "tlw-result tlw-badtext" : "tlw-result", attrs: { title: row.problem ?? row.text } }, row.problem ? `${row.text}: ${row.problem}` : row.text),
      h("span", { class: "tlw-num tlw-dim" }, row.hits === 1 ? "1 hit" : `${row.hits} hits`),
      iconButton(ICONS.close, `Remove ${row.id}`, () => void session.ask("breakpoint_remove", { breakpoint: row.id })));
  }
}

/** A breakpoint on entering the state that is looked at, or none where it has one. */
export function toggleHere(desk: Desk): void {
  const { session } = desk;
  const { a, cursor, stand, drivable } = session.store;
  if (!a || !drivable) {
    desk.say("Only a run that is live here can be held.");
    return;
  }
  const leaf = a.leaves(a.rows.state[cursor - 1] ?? 0).at(-1);
  if (leaf === undefined || cursor < 1) return;
  const known = stand?.breakpoints.find((one) => one.spec.state === leaf && one.spec.on !== "exit");
  if (known) void session.ask("breakpoint_remove", { breakpoint: known.id }).then((reply) => reply.ok && desk.say(`The breakpoint on ${leaf} is gone.`));
  else void addBreakpoint(desk, { state: leaf, on: "enter" });
}
