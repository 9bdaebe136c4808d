// Draw again without losing the focus: the keys of a person who uses no mouse must go on working.

import type { Child } from "../dom";

const FOCUSABLE = "button, input, select, textarea, summary, [tabindex]";
/** By then a browser has taken the focus from what was hidden or switched off. */
const SETTLED_MS = 60;

/** Put other children into `el`; what had the focus in it has it again, or what now stands there. */
export function renew(el: HTMLElement, ...children: Child[]): void {
  const at = document.activeElement;
  const had = at instanceof HTMLElement && at !== el && el.contains(at) ? at : null;
  const place = had ? [...el.querySelectorAll(FOCUSABLE)].indexOf(had) : -1;
  el.replaceChildren(...children.filter((child): child is Node | string => Boolean(child)));
  if (!had) return;
  const now = [...el.querySelectorAll<HTMLElement>(FOCUSABLE)];
  (now.find((one) => nameOf(one) === nameOf(had)) ?? now[Math.min(place, now.length - 1)])?.focus({ preventScroll: true });
}

/** Give the focus to `root` whenever what had it in there is gone, hidden or switched off. */
export function keepFocus(root: HTMLElement, signal: AbortSignal): () => void {
  let had = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const note = (event: Event): void => void (had = event.composedPath().includes(root));
  document.addEventListener("focusin", note, { capture: true, signal });
  document.addEventListener("pointerdown", note, { capture: true, signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const at = document.activeElement;
      const lost = !at || at === document.body || (at instanceof HTMLElement && root.contains(at) && (at.matches(":disabled") || at.closest("[hidden]")));
      if (had && lost && root.isConnected) root.focus({ preventScroll: true });
    }, SETTLED_MS);
  };
}

function nameOf(el: HTMLElement): string {
  return el.dataset.path ?? el.getAttribute("aria-label") ?? el.textContent;
}
