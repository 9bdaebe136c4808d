// Who this run is and where it stands, in one line.

import { h, ICONS, iconButton } from "./dom";
import type { RunStore } from "./store";
import type { Status } from "./wire";

export const BADGES: Record<Status, string> = {
  running: "running",
  done: "done",
  stopped: "stopped",
  closed: "lab closed",
  asleep: "asleep",
};

export function header(store: RunStore, onHelp: () => void, signal: AbortSignal): HTMLElement {
  const { face } = store;
  const state = h("span", { class: "tlw-states" });
  const badge = h("span", { class: "tlw-badge" });
  const seq = h("span", { class: "tlw-seq", attrs: { title: "facts in the journal of this run" } });
  store.watch((now, changed) => {
    if (changed.has("state")) {
      const chips = now.state.split(",").map((leaf) => h("span", { class: "tlw-chip", attrs: { title: face.titles[leaf] } }, leaf));
      state.replaceChildren(...chips);
    }
    if (changed.has("seq")) seq.textContent = `seq ${now.seq}`;
    if (changed.has("status") || changed.has("held")) {
      const held = now.status === "running" && now.held;
      badge.textContent = held ? "held" : BADGES[now.status];
      badge.dataset.status = held ? "stopped" : now.status;
    }
  }, signal);
  return h(
    "header",
    { class: "tlw-header" },
    h("span", { class: "tlw-machine", attrs: { title: face.title || face.machine } }, face.machine),
    h("span", { class: "tlw-run", attrs: { title: `run ${face.run}, tenant ${face.tenant}` } }, face.run),
    state,
    h("span", { class: "tlw-grow" }),
    seq,
    badge,
    iconButton(ICONS.help, "Keyboard shortcuts (?)", onHelp),
  );
}
