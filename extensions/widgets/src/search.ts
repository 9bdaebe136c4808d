// Find a state by a part of its name, with the keyboard alone.

import { h } from "./dom";

const MAX_SHOWN = 8;

export interface Name {
  id: string;
  title: string;
}

/** The best matches first: names that begin with `text`, then those that contain it. */
export function matches(names: readonly Name[], text: string, max = MAX_SHOWN): Name[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const begin: Name[] = [];
  const inside: Name[] = [];
  for (const name of names) {
    const places = [name.id, name.title].map((one) => one.toLowerCase().indexOf(wanted));
    if (places.includes(0)) begin.push(name);
    else if (places.some((at) => at > 0)) inside.push(name);
  }
  return [...begin, ...inside].slice(0, max);
}

export interface Search {
  el: HTMLElement;
  open: () => void;
}

let count = 0;

export function stateSearch(names: readonly Name[], onFind: (id: string) => void): Search {
  const listId = `tlw-find-${++count}`;
  const list = h("ul", { class: "tlw-hits", attrs: { id: listId, role: "listbox", "aria-label": "States found" } });
  const attrs = {
    type: "search", placeholder: "Find a state", "aria-label": "Find a state by name", role: "combobox",
    "aria-controls": listId, "aria-expanded": "false", autocomplete: "off", spellcheck: "false",
  };
  const input = h("input", { class: "tlw-input", attrs });
  const el = h("div", { class: "tlw-search", attrs: { hidden: true } }, input, list);
  let found: Name[] = [];
  let chosen = 0;
  const close = (): void => {
    el.hidden = true;
    input.value = "";
    draw();
  };
  const pick = (id: string | undefined): void => {
    if (id === undefined) return;
    close();
    onFind(id);
  };
  const draw = (): void => {
    found = matches(names, input.value);
    chosen = Math.min(chosen, Math.max(0, found.length - 1));
    list.replaceChildren(...found.map((name, at) => hit(name, at === chosen, `${listId}-${at}`, pick)));
    if (input.value && found.length === 0) list.append(h("li", { class: "tlw-nohit" }, "No state of this name"));
    input.setAttribute("aria-expanded", String(found.length > 0));
    input.setAttribute("aria-activedescendant", found.length ? `${listId}-${chosen}` : "");
  };
  input.addEventListener("input", () => {
    chosen = 0;
    draw();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter") pick(found[chosen]?.id);
    else if (event.key === "ArrowDown") chosen += 1;
    else if (event.key === "ArrowUp") chosen = Math.max(0, chosen - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (!el.hidden) draw();
  });
  const open = (): void => {
    el.hidden = !el.hidden;
    if (!el.hidden) input.focus();
  };
  return { el, open };
}

function hit(name: Name, chosen: boolean, elementId: string, pick: (id: string) => void): HTMLElement {
  const attrs = { role: "option", id: elementId, "aria-selected": String(chosen) };
  const pointerdown = (event: PointerEvent): void => {
    event.preventDefault();
    pick(name.id);
  };
  const title = name.title && h("span", { class: "tlw-dim" }, `  ${name.title}`);
  return h("li", { attrs, on: { pointerdown } }, name.id, title);
}
