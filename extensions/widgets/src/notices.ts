// What a person must not miss: a refused event with the reason, a busy kernel, what goes on.

import type { Commands, Wait } from "./commands";
import { h, icon, ICONS, iconButton } from "./dom";
import type { RunStore } from "./store";
import { timerLine } from "./timers";
import type { Refusal } from "./wire";

const WAITS: Record<Wait, string> = {
  "": "",
  busy: "Kernel busy: what you asked for waits until the cell ends.",
  silent: "No answer from the kernel. If it was restarted, run the cell again.",
};

export interface Notices {
  el: HTMLElement;
  /** Something was answered with an error that is not in the journal. */
  trouble(text: string, hint?: string): void;
  /** Something was done since: what was said before is of no more use. */
  calm(): void;
}

export function notices(store: RunStore | null, commands: Commands, signal: AbortSignal): Notices {
  const busy = h("div", { class: "tlw-notice tlw-busy", attrs: { role: "status", hidden: true } });
  const refused = h("div", { class: "tlw-notice tlw-refused", attrs: { role: "alert", hidden: true } });
  commands.onBusy((wait) => {
    busy.hidden = !wait;
    busy.replaceChildren(wait === "busy" ? h("span", { class: "tlw-spin" }) : icon(ICONS.alert), WAITS[wait]);
  }, signal);
  const show = (title: string, text: string, hint: string): void => {
    const close = iconButton(ICONS.close, "Dismiss", () => (refused.hidden = true));
    const words = h("div", {}, h("strong", {}, title), " ", text, hint ? h("div", { class: "tlw-hint" }, hint) : null);
    refused.replaceChildren(icon(ICONS.alert), words, close);
    refused.hidden = false;
  };
  store?.watch((now, changed) => {
    if (!changed.has("refused")) return;
    if (now.refused) show("Refused:", textOf(now.refused), now.refused.hint);
    else refused.hidden = true;
  }, signal);
  const goingOn = store && timerLine(store, signal);
  return { el: h("div", { class: "tlw-notices" }, busy, refused, goingOn), trouble: (text, hint = "") => show("Not done:", text, hint), calm: () => void (refused.hidden = true) };
}

function textOf(refusal: Refusal): string {
  return refusal.reason.includes(refusal.event) ? refusal.reason : `${refusal.event}: ${refusal.reason}`;
}
