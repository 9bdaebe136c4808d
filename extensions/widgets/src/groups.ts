// Machines and their states with the number of runs in each; choosing one filters the table.

import { h } from "./dom";
import { rove } from "./roving";
import type { Group } from "./wire";

export interface Choice {
  machine: string;
  state: string;
}

export interface Groups {
  el: HTMLElement;
  draw(groups: readonly Group[]): void;
}

const MAX_STATES = 12;

export function groupList(onChoose: (choice: Choice) => void): Groups {
  const el = h("nav", { class: "tlw-groups", attrs: { "aria-label": "Runs by machine and state" } });
  const settle = rove(el, "button");
  let chosen: Choice = { machine: "", state: "" };
  let last: readonly Group[] = [];
  const choose = (choice: Choice): void => {
    chosen = choice;
    draw(last);
    onChoose(choice);
  };
  const line = (label: string, count: number, choice: Choice, inner: boolean): HTMLElement => {
    const pressed = chosen.machine === choice.machine && chosen.state === choice.state;
    const attrs = { type: "button", "aria-pressed": String(pressed), "data-key": `${choice.machine}/${choice.state}` };
    return h("button", { class: inner ? "tlw-group tlw-inner" : "tlw-group", attrs, on: { click: () => choose(choice) } },
      h("span", { class: "tlw-glabel", attrs: { title: label } }, label), h("span", { class: "tlw-gcount" }, count.toLocaleString("en")));
  };
  const draw = (groups: readonly Group[]): void => {
    last = groups;
    const key = document.activeElement instanceof HTMLElement && el.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const total = groups.reduce((sum, group) => sum + group.count, 0);
    const lines = [line("All runs", total, { machine: "", state: "" }, false)];
    for (const [machine, states] of byMachine(groups)) {
      lines.push(line(machine, states.reduce((sum, group) => sum + group.count, 0), { machine, state: "" }, false));
      for (const group of states.slice(0, MAX_STATES)) lines.push(line(group.state.replaceAll(",", " · ") || "–", group.count, { machine, state: group.state }, true));
      if (states.length > MAX_STATES) lines.push(h("span", { class: "tlw-dim tlw-inner" }, `${states.length - MAX_STATES} more states`));
    }
    el.replaceChildren(...lines);
    settle();
    if (key !== undefined) [...el.querySelectorAll("button")].find((item) => item.dataset.key === key)?.focus();
  };
  return { el, draw };
}

function byMachine(groups: readonly Group[]): Map<string, Group[]> {
  const found = new Map<string, Group[]>();
  for (const group of groups) {
    const known = found.get(group.machine);
    if (known) known.push(group);
    else found.set(group.machine, [group]);
  }
  return found;
}
