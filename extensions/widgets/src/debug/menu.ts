// A small menu where a person pressed: arrow keys, Enter, Esc; a click elsewhere closes it.

import { h } from "../dom";
import { rove } from "../roving";

export interface Item {
  label: string;
  /** What it does, in a few words, for the tooltip. */
  hint?: string;
  run: () => void;
  off?: boolean;
}

export interface Place {
  clientX: number;
  clientY: number;
}

const MARGIN = 4;

export class Menu {
  readonly el = h("div", { class: "tlw-menu", attrs: { role: "menu", hidden: true } });
  private back: Element | null = null;

  constructor(signal: AbortSignal) {
    rove(this.el, "button");
    this.el.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && event.key !== "Tab") return;
      event.preventDefault();
      event.stopPropagation();
      this.close();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.el.hidden && !event.composedPath().includes(this.el)) this.close(false);
    }, { capture: true, signal });
  }

  get isOpen(): boolean {
    return !this.el.hidden;
  }

  open(title: string, items: readonly Item[], at: Place | Element): void {
    this.back = document.activeElement;
    this.el.setAttribute("aria-label", title);
    this.el.replaceChildren(h("div", { class: "tlw-menuhead" }, title), ...items.map((item) => this.button(item)));
    this.el.hidden = false;
    this.put(at instanceof Element ? below(at) : at);
    this.el.querySelector<HTMLElement>("button:not([aria-disabled=true])")?.focus({ preventScroll: true });
  }

  close(refocus = true): void {
    if (this.el.hidden) return;
    this.el.hidden = true;
    if (refocus) focusAgain(this.back, this.el);
  }

  private button(item: Item): HTMLElement {
    const attrs = { type: "button", role: "menuitem", title: item.hint, "aria-disabled": item.off ? "true" : undefined, tabindex: -1 };
    const click = (): void => {
      if (item.off) return;
      this.close();
      item.run();
    };
    return h("button", { class: "tlw-menuitem", attrs, on: { click } }, item.label);
  }

  /** Beside the pointer, but inside the widget. */
  private put({ clientX, clientY }: Place): void {
    const frame = this.el.offsetParent?.getBoundingClientRect();
    if (!frame) return;
    const { offsetWidth, offsetHeight } = this.el;
    const left = Math.min(clientX - frame.left, frame.width - offsetWidth - MARGIN);
    const top = Math.min(clientY - frame.top, frame.height - offsetHeight - MARGIN);
    this.el.style.left = `${Math.max(MARGIN, left)}px`;
    this.el.style.top = `${Math.max(MARGIN, top)}px`;
  }
}

/** Give the focus back to where it was or, where that is gone, to the debugger: its keys go on working. */
export function focusAgain(back: Element | null, inside: HTMLElement): void {
  const root = inside.closest<HTMLElement>(".tlw-debug");
  const to = back instanceof HTMLElement && back.isConnected && root?.contains(back) ? back : root;
  to?.focus({ preventScroll: true });
}

function below(el: Element): Place {
  const rect = el.getBoundingClientRect();
  return { clientX: rect.left, clientY: rect.bottom + 2 };
}
