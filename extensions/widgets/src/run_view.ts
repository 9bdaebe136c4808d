// One run on the screen: header, diagram, events, data, steps, and the keys that work in all of it.

import { Announcer } from "./announce";
import type { Commands } from "./commands";
import { dataTree } from "./data";
import { diagram } from "./diagram";
import { h } from "./dom";
import { liveLane } from "./effects/live";
import { events, type Events } from "./events";
import { BADGES, header } from "./header";
import { heldLine } from "./held";
import { helpCard } from "./help";
import { notices } from "./notices";
import { stepList } from "./steps";
import type { RunStore } from "./store";
import type { JsonObject } from "./wire";

export function runView(store: RunStore, commands: Commands, signal: AbortSignal): HTMLElement {
  const { face } = store;
  const help = helpCard();
  const said = notices(store, commands, signal);
  const announcer = new Announcer();
  const send = (event: string, data: JsonObject): void => {
    void commands.ask("send", { run: face.run, event, data }).then((reply) => {
      // a refusal is a fact of the run and comes with its state; anything else is told here
      if (!reply.ok && reply.error) said.trouble(reply.error, reply.hint);
    });
  };
  const goOn = (): void => {
    void commands.ask("go_on", { run: face.run }).then((reply) => {
      if (!reply.ok && reply.error) said.trouble(reply.error, reply.hint);
    });
  };
  const buttons = events(store, send, signal);
  const picture = diagram(store, buttons.pressName, signal);
  const attrs = { role: "group", "aria-label": `Run ${face.run} of ${face.machine}`, tabindex: -1 };
  const el = h(
    "div",
    { class: "tlw-runview", attrs },
    header(store, help.toggle, signal),
    help.el,
    said.el,
    heldLine(store, goOn, signal),
    h(
      "div",
      { class: "tlw-body" },
      h("div", { class: "tlw-main" }, picture),
      h("div", { class: "tlw-side" }, buttons.el, dataTree(store, signal)),
    ),
    liveLane(store, commands, (text, hint) => said.trouble(text, hint), signal),
    stepList(store, signal),
    announcer.el,
  );
  el.addEventListener("keydown", (event) => onKey(event, el, buttons, help), { signal });
  watchForSpeech(store, announcer, signal);
  return el;
}

function onKey(
  event: KeyboardEvent, el: HTMLElement, buttons: Events, help: ReturnType<typeof helpCard>,
): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && help.close()) return;
  if (target.closest("input, textarea, select")) return;
  if (/^[1-9]$/.test(event.key)) buttons.press(Number(event.key) - 1);
  else if (event.key === "e") buttons.openOther();
  else if (event.key === "?") help.toggle();
  else if (event.key === "d") el.querySelector<HTMLElement>(".tlw-canvas")?.focus();
  else if (event.key === "/") el.querySelector<HTMLElement>(".tlw-tools button")?.click();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function watchForSpeech(store: RunStore, announcer: Announcer, signal: AbortSignal): void {
  let first = true;
  store.watch((now, changed) => {
    if (!first && (changed.has("seq") || changed.has("status"))) {
      const event = now.steps.at(-1)?.event ?? "";
      const end = now.status === "running" ? "" : ` The run is ${BADGES[now.status]}.`;
      announcer.say(`${event ? `${event}: ` : ""}now in ${now.state.replaceAll(",", " and ")}.${end}`);
    }
    first = false;
  }, signal);
}
