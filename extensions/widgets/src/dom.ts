// Make DOM elements in one line each; no framework.

export type Child = Node | string | null | undefined | false;

export interface Props {
  class?: string;
  attrs?: Record<string, string | number | boolean | undefined>;
  on?: Partial<{ [K in keyof HTMLElementEventMap]: (event: HTMLElementEventMap[K]) => void }>;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  if (props.class) el.className = props.class;
  for (const [name, value] of Object.entries(props.attrs ?? {})) setAttr(el, name, value);
  for (const [name, handler] of Object.entries(props.on ?? {})) {
    el.addEventListener(name, handler as EventListener);
  }
  for (const child of children) if (child) el.append(child);
  return el;
}

/** `true` sets an empty attribute, `false` and `undefined` remove it. */
export function setAttr(
  el: Element,
  name: string,
  value: string | number | boolean | undefined,
): void {
  if (value === undefined || value === false) el.removeAttribute(name);
  else el.setAttribute(name, value === true ? "" : String(value));
}

/** Let Enter in a field send its form: inside a notebook's output browsers do not do it. */
export function submitOnEnter(form: HTMLFormElement): void {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target as Element).matches("input, select")) return;
    event.preventDefault();
    setTimeout(() => form.requestSubmit()); // a name chosen from a list is in the field by then
  });
}

const NS = "http://www.w3.org/2000/svg";

/** A 16 px line icon drawn by one path. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "tlw-icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(NS, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  follow: "M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3M8 5.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 0 1 0-5.6",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9M10.3 10.3L14 14",
  clock: "M8 2.500a5.500 5.500 0 1 1 0 11a5.500 5.500 0 0 1 0-11M8 5v3.200l2 1.300",
  close: "M4 4l8 8M12 4l-8 8",
  held: "M6 4v8M10 4v8",
  help: "M5.8 6a2.2 2.2 0 1 1 3 2.1c-.5.2-.8.6-.8 1.1v.5M8 12v.3",
  braces: "M6 3C4.500 3 5 4.500 5 6S4.200 8 3.500 8C4.200 8 5 8.500 5 10s-.5 3 1 3M10 3c1.500 0 1 1.500 1 3s.8 2 1.500 2c-.7 0-1.500.5-1.500 2s.5 3-1 3",
  lock: "M4.500 7.500h7v5.500h-7zM6 7.500V5.500a2 2 0 0 1 4 0v2",
  alert: "M8 2.500L14.500 13.500h-13zM8 6.500v3.200M8 11.500v.3",
  right: "M6 3.500L10.500 8L6 12.500",
  left: "M10 3.500L5.500 8L10 12.500",
} as const;

/** A button that shows only an icon; `label` is its name and tooltip. */
export function iconButton(path: string, label: string, onClick: () => void): HTMLButtonElement {
  const attrs = { type: "button", title: label, "aria-label": label };
  return h("button", { class: "tlw-iconbtn", attrs, on: { click: onClick } }, icon(path));
}
