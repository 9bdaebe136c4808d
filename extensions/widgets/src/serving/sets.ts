// The tool sets as switches: one that is off is in no agent's list of tools.

import { h, setAttr } from "../dom";
import type { ServingStore } from "./store";

const ABOUT: Partial<Record<string, string>> = {
  core: "create, look at and drive machines",
  workflow: "whole workflows, models and effects",
  watch: "wait for facts, and count them",
  debug: "history, why, breakpoints, forks, costs, SQL",
};

export function toolSets(store: ServingStore, trouble: (text: string, hint?: string) => void, signal: AbortSignal): HTMLElement {
  const host = h("div", { class: "tlw-ssets" });
  const buttons = new Map<string, HTMLButtonElement>();
  const press = async (name: string): Promise<void> => {
    const on = buttons.get(name)?.getAttribute("aria-checked") !== "true";
    const reply = await store.do("switch", { set: name, on });
    if (!reply.ok) trouble(reply.error ?? `${name} cannot be switched.`, reply.hint);
  };
  const make = (name: string): HTMLButtonElement => {
    const button = h("button", { class: "tlw-sset", attrs: { type: "button", role: "switch", "data-set": name }, on: { click: () => void press(name) } },
      h("span", { class: "tlw-sknob", attrs: { "aria-hidden": "true" } }), h("span", { class: "tlw-sname" }, name), h("span", { class: "tlw-dim tlw-swhat" }, ABOUT[name] ?? ""));
    buttons.set(name, button);
    host.append(button);
    return button;
  };
  store.watch((now) => {
    for (const one of now.sets) {
      const button = buttons.get(one.name) ?? make(one.name);
      setAttr(button, "aria-checked", String(one.on));
      button.disabled = !now.serving;
    }
  }, signal);
  return host;
}
