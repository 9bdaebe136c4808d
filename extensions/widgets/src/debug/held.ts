// Why the run is held, what would happen next, and how to go on.

import { h, icon, ICONS } from "../dom";
import { heldAt, heldWhy } from "../held";
import type { Desk } from "./actions";
import { short } from "./fact_card";
import type { Json } from "../wire";
import type { HeldAt, Micro, Stand } from "./wire";

const STEPS = [
  ["event", "Step", "Take the event that waits, and stay held"],
  ["microstep", "Microstep", "Only the next transition of it"],
  ["effect", "To effect", "Go on until an effect is asked for or answers"],
] as const;

export function heldBanner(desk: Desk, signal: AbortSignal): HTMLElement {
  const { session } = desk;
  const el = h("div", { class: "tlw-held", attrs: { role: "status", hidden: true } });
  let shown = "";
  session.store.bus.on(["stand", "track"], () => {
    const { stand } = session.store;
    const held = stand?.held ?? null;
    el.hidden = !held;
    const key = JSON.stringify([held, stand?.mailbox]);
    if (!stand || !held || key === shown) return;
    shown = key;
    const focused = el.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.step : undefined;
    el.replaceChildren(...contents(desk, stand, held));
    el.querySelector<HTMLElement>(`[data-step="${focused ?? "-"}"]`)?.focus({ preventScroll: true });
  }, signal);
  return el;
}

function contents(desk: Desk, stand: Stand, held: HeldAt): Node[] {
  const { session } = desk;
  const waits = held.waiting;
  const button = (id: string, title: string, hint: string, ask: () => void, cls = ""): HTMLElement =>
    h("button", { class: `tlw-btn tlw-small ${cls}`, attrs: { type: "button", title: hint, "data-step": id }, on: { click: ask } }, title);
  const mail = stand.mailbox.slice(0, 20).map((item) => item.name).join(", ");
  const steps = waits || held.event ? STEPS.map(([by, title, hint]) => button(by, title, hint, () => void session.ask("step", { by }))) : [];
  return [
    icon(ICONS.held),
    h("div", { class: "tlw-heldwords" },
      h("div", {}, h("strong", {}, heldAt(held), " "), heldWhy(held) || (held.event ? `${held.event.name} waits` : "nothing came yet")),
      held.preview && h("div", { class: "tlw-preview" }, ...held.preview.moves.map((move, at) => moveEl(move, at < held.micro)), ...more(held))),
    h("span", { class: "tlw-mail", attrs: { title: mail || "nothing waits" } }, waits === 1 ? "1 waits" : `${waits} wait`),
    h("div", { class: "tlw-toolgroup" }, ...steps, button("resume", "Resume", "Let the run go on", () => void session.ask("resume"), "tlw-primary")),
  ];
}

function told(value: Json | undefined): string {
  return value === undefined ? "–" : short(typeof value === "string" ? JSON.stringify(value) : value);
}

function moveEl(move: Micro, done: boolean): HTMLElement {
  const way = [move.exited.at(0) ?? "", move.entered.at(-1) ?? ""].filter(Boolean).join(" → ") || "stays";
  return h("span", { class: done ? "tlw-micro tlw-microdone" : "tlw-micro", attrs: { title: move.taken.join(", ") } }, move.event ? h("b", {}, `${move.event} `) : null, way);
}

function more(held: HeldAt): (Node | string)[] {
  const { changes = [], effects = [] } = held.preview ?? {};
  return [
    ...changes.slice(0, 4).map((change) => h("span", { class: "tlw-micro tlw-microdata" }, `${change.path}: ${told(change.old)} → ${told(change.new)}`)),
    held.preview?.refusal ? h("span", { class: "tlw-micro tlw-badtext" }, held.preview.refusal) : "",
    ...effects.slice(0, 4).map((effect) => h("span", { class: "tlw-micro tlw-microfx" }, typeof effect.kind === "string" ? effect.kind : "effect")),
  ];
}
