// The diagram with its states shaded by what they took, and at each what was foreseen and what came.

import { Camera } from "../camera";
import { h, ICONS, iconButton } from "../dom";
import { readPicture, type Picture } from "../picture";
import { rove } from "../roving";
import type { Group, Unit } from "./wire";
import { actual, fromTo } from "./words";

const NS = "http://www.w3.org/2000/svg";
const DEEPEST = 0.5;
const FAINTEST = 0.06;
const CHAR = 6.3;
const MIN_HEIGHT = 190;
const MAX_HEIGHT = 400;

export class Shades {
  readonly el: HTMLElement;
  private readonly picture: Picture | null;
  private readonly layer = document.createElementNS(NS, "g");
  private tints: SVGElement[] = [];

  constructor(svg: string, machine: string, signal: AbortSignal) {
    this.picture = readPicture(svg);
    if (!this.picture) {
      this.el = h("p", { class: "tlw-empty" }, "There is no picture of this chart.");
      return;
    }
    const { picture } = this;
    const label = `State diagram of ${machine}, shaded by cost. Arrow keys move, plus and minus zoom, 0 fits.`;
    const box = h("div", { class: "tlw-canvas", attrs: { tabindex: 0, role: "application", "aria-label": label } }, picture.svg);
    const camera = new Camera(box, () => undefined, signal);
    this.layer.setAttribute("class", "tlw-shades");
    picture.svg.append(this.layer);
    box.style.minHeight = `${Math.min(MAX_HEIGHT, Math.max(MIN_HEIGHT, picture.height + 28))}px`;
    box.addEventListener("keydown", (event) => {
      if (event.target === box && !event.ctrlKey && !event.metaKey && camera.key(event.key)) {
        event.preventDefault();
        event.stopPropagation();
      }
    }, { signal });
    const tools = h("div", { class: "tlw-tools", attrs: { role: "toolbar", "aria-label": "Diagram" } },
      iconButton(ICONS.minus, "Zoom out (-)", () => camera.zoom(0.8)),
      iconButton(ICONS.plus, "Zoom in (+)", () => camera.zoom(1.25)),
      iconButton(ICONS.fit, "Fit (0)", () => camera.fit()));
    rove(tools, "button");
    this.el = h("div", { class: "tlw-diagram" }, box, tools);
    requestAnimationFrame(() => !signal.aborted && camera.show(picture.svg, picture.width, picture.height));
  }

  draw(rows: readonly Group[], unit: Unit): void {
    const most = Math.max(0, ...rows.map((row) => actual(row, unit) ?? 0));
    for (const tint of this.tints.splice(0)) tint.remove();
    this.layer.replaceChildren(...rows.flatMap((row) => this.over(row, unit, most)));
  }

  private over(row: Group, unit: Unit, most: number): SVGElement[] {
    const rect = this.picture?.states.get(row.state ?? "")?.querySelector(":scope > rect");
    if (!rect) return [];
    const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name))) as [number, number, number, number];
    const share = most ? (actual(row, unit) ?? 0) / most : 0;
    const deep = share ? FAINTEST + (DEEPEST - FAINTEST) * share : 0;
    const text = fromTo(row, unit);
    const wide = text.length * CHAR + 12;
    const middle = x + width / 2;
    const unknown = unit === "usd" && row.unpriced > 0;
    const tint = shape("rect", { class: "tlw-shade", x, y, width, height, rx: 9, "fill-opacity": deep.toFixed(3) });
    rect.after(tint); // below the state's name
    this.tints.push(tint);
    const pill = unknown ? "tlw-shadepill tlw-shadeunknown" : "tlw-shadepill";
    return [
      shape("rect", { class: pill, x: middle - wide / 2, y: y + height - 6, width: wide, height: 16, rx: 8 }),
      shape("text", { class: "tlw-shadetext", x: middle, y: y + height + 6 }, text),
    ];
  }
}

function shape(tag: string, attrs: Record<string, string | number>, text = ""): SVGElement {
  const el = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attrs)) el.setAttribute(name, String(value));
  el.textContent = text;
  return el;
}
