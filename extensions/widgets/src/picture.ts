// The SVG that Python drew, made part of the page, with its states and arrows found by id.

export interface Picture {
  svg: SVGSVGElement;
  width: number;
  height: number;
  states: Map<string, SVGElement>;
  transitions: Map<string, SVGElement[]>;
}

let count = 0;

/** Parse `text`; null where it is no SVG. Ids are made unique: a page shows many pictures. */
export function readPicture(text: string): Picture | null {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
  const root = parsed.documentElement;
  if (root.localName !== "svg") return null;
  const svg = document.importNode(root as unknown as SVGSVGElement, true);
  for (const script of svg.querySelectorAll("script")) script.remove();
  ownIds(svg, `tlw${++count}-`);
  const size = naturalSize(svg);
  svg.setAttribute("width", String(size.width));
  svg.setAttribute("height", String(size.height));
  svg.setAttribute("aria-hidden", "true"); // the state is said in words beside it
  const states = new Map<string, SVGElement>();
  for (const el of svg.querySelectorAll<SVGElement>("[data-state]")) {
    states.set(el.dataset.state ?? "", el);
  }
  const transitions = new Map<string, SVGElement[]>();
  for (const el of svg.querySelectorAll<SVGElement>("[data-transitions]")) {
    for (const id of transitionsOf(el)) transitions.set(id, [...(transitions.get(id) ?? []), el]);
  }
  return { svg, ...size, states, transitions };
}

/** The ids of the transitions an arrow stands for: words, with spaces in them escaped. */
export function transitionsOf(el: SVGElement): string[] {
  return (el.dataset.transitions ?? "").split(" ").filter(Boolean).map(decodeURIComponent);
}

function naturalSize(svg: SVGSVGElement): { width: number; height: number } {
  const box = (svg.getAttribute("viewBox") ?? "").split(/[\s,]+/).map(Number);
  const width = box[2] ?? (parseFloat(svg.getAttribute("width") ?? "") || 300);
  const height = box[3] ?? (parseFloat(svg.getAttribute("height") ?? "") || 150);
  return { width, height };
}

function ownIds(svg: SVGSVGElement, prefix: string): void {
  const ids = new Set<string>();
  for (const el of svg.querySelectorAll("[id]")) {
    ids.add(el.id);
    el.id = prefix + el.id;
  }
  if (ids.size === 0) return;
  for (const el of svg.querySelectorAll("*")) {
    for (const attr of [...el.attributes]) {
      if (attr.name.startsWith("on")) el.removeAttribute(attr.name);
      else if (attr.value.includes("#")) attr.value = pointAgain(attr.value, ids, prefix);
    }
  }
  for (const style of svg.querySelectorAll("style")) {
    style.textContent = pointAgain(style.textContent, ids, prefix);
  }
}

function pointAgain(value: string, ids: ReadonlySet<string>, prefix: string): string {
  const renamed = value.replace(/url\(#([^)]+)\)/g, (whole, id: string) =>
    ids.has(id) ? `url(#${prefix}${id})` : whole,
  );
  return renamed.startsWith("#") && ids.has(renamed.slice(1)) ? `#${prefix}${renamed.slice(1)}` : renamed;
}
