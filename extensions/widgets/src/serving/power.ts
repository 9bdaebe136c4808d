// Stop the server, which is asked once more since it cuts agents off, and serve again.

import { h } from "../dom";
import type { ServingStore } from "./store";

const CONFIRM_MS = 4000;

export function power(store: ServingStore, trouble: (text: string, hint?: string) => void, signal: AbortSignal): HTMLElement {
  let sure: ReturnType<typeof setTimeout> | undefined;
  const button = h("button", { class: "tlw-btn tlw-small", attrs: { type: "button" } });
  const label = (): string => {
    if (!store.now.serving) return "Serve again";
    const count = store.now.clients.rows.length + store.now.clients.more;
    if (sure === undefined) return "Stop";
    return count ? `Really stop? ${count} connected` : "Really stop?";
  };
  const calm = (): void => {
    clearTimeout(sure);
    sure = undefined;
    draw();
  };
  const draw = (): void => {
    button.textContent = label();
    button.dataset.do = store.now.serving ? "stop" : "start";
    button.classList.toggle("tlw-danger", sure !== undefined);
    button.classList.toggle("tlw-primary", !store.now.serving);
  };
  const ask = async (what: string): Promise<void> => {
    button.disabled = true;
    const reply = await store.do(what);
    button.disabled = false;
    button.focus({ preventScroll: true });
    if (!reply.ok) trouble(reply.error ?? `${what}: it could not be done.`, reply.hint);
  };
  button.addEventListener("click", () => {
    if (store.now.serving && sure === undefined) {
      sure = setTimeout(calm, CONFIRM_MS);
      draw();
      return;
    }
    calm();
    void ask(store.now.serving ? "stop" : "start");
  });
  store.watch((_, changed) => {
    if (changed.has("serving")) calm();
    else if (changed.has("clients")) draw();
  }, signal);
  signal.addEventListener("abort", () => clearTimeout(sure));
  return button;
}
