// The keyboard shortcuts, shown on "?".

import { h } from "./dom";

export type Keys = readonly (readonly [string, string])[];

const KEYS: Keys = [
  ["1 … 9", "send the first … ninth event"],
  ["e", "send any event by name"],
  ["/", "find a state"],
  ["d", "go to the diagram"],
  ["← ↑ ↓ →", "move the diagram"],
  ["+  −  0", "zoom in, out, fit it"],
  ["f", "follow the active state"],
  ["Ctrl wheel", "zoom at the pointer"],
  ["Esc", "close a form or this list"],
];

export function helpCard(keys: Keys = KEYS): { el: HTMLElement; toggle: () => void; close: () => boolean } {
  const rows = keys.map(([press, what]) => h("div", {}, h("dt", {}, h("kbd", {}, press)), h("dd", {}, what)));
  const el = h("div", { class: "tlw-help", attrs: { hidden: true, role: "note", "aria-label": "Keyboard shortcuts" } }, h("dl", {}, ...rows));
  return {
    el,
    toggle: () => (el.hidden = !el.hidden),
    close: () => {
      const was = !el.hidden;
      el.hidden = true;
      return was;
    },
  };
}
