// Tabs: one row of names, one page shown.

import { h, setAttr } from "../dom";
import { rove } from "../roving";

export interface Tab {
  id: string;
  title: string;
  el: HTMLElement;
  shown?: () => void;
}

let count = 0;

export class Tabs {
  readonly el: HTMLElement;
  readonly names = h("div", { class: "tlw-tabs", attrs: { role: "tablist" } });
  private readonly prefix = `tlw-tab-${++count}`;
  private readonly settle: () => void;
  current = "";

  constructor(label: string, private readonly tabs: readonly Tab[]) {
    this.names.setAttribute("aria-label", label);
    for (const tab of tabs) {
      const attrs = {
        type: "button", role: "tab", id: `${this.prefix}-${tab.id}`, "data-tab": tab.id,
        "aria-controls": `${this.prefix}-${tab.id}-page`, "aria-selected": "false", tabindex: -1,
      };
      const click = (event: MouseEvent): void => {
        this.show(tab.id);
        // after a press of the mouse the arrow keys travel again, instead of going through the tabs
        if (event.detail > 0) this.el.closest<HTMLElement>(".tlw-debug")?.focus({ preventScroll: true });
      };
      this.names.append(h("button", { class: "tlw-tab", attrs, on: { click } }, tab.title, h("span", { class: "tlw-tabcount" })));
    }
    const pages = tabs.map((tab) => {
      tab.el.classList.add("tlw-tabpage");
      tab.el.hidden = true;
      tab.el.id = `${this.prefix}-${tab.id}-page`;
      tab.el.setAttribute("role", "tabpanel");
      tab.el.setAttribute("aria-labelledby", `${this.prefix}-${tab.id}`);
      return tab.el;
    });
    this.settle = rove(this.names, "button");
    this.el = h("div", { class: "tlw-tabbed" }, this.names, ...pages);
    this.show(tabs[0]?.id ?? "");
  }

  show(id: string): void {
    if (id === this.current) return;
    this.current = id;
    for (const tab of this.tabs) {
      tab.el.hidden = tab.id !== id;
      const name = this.button(tab.id);
      if (!name) continue;
      setAttr(name, "aria-selected", String(tab.id === id));
      name.tabIndex = tab.id === id ? 0 : -1;
    }
    this.settle();
    this.tabs.find((tab) => tab.id === id)?.shown?.();
  }

  /** A small number beside a tab's name; 0 for none. */
  badge(id: string, value: number | string): void {
    const el = this.button(id)?.querySelector(".tlw-tabcount");
    const text = value ? String(value) : "";
    if (el && el.textContent !== text) el.textContent = text;
  }

  private button(id: string): HTMLElement | null {
    return this.names.querySelector(`[data-tab="${id}"]`);
  }
}
