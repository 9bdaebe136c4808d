// Zoom, pan and fit of one big picture inside a small window.

export interface View {
  x: number;
  y: number;
  scale: number;
}

export const MIN_SCALE = 0.04;
export const MAX_SCALE = 4;
const READABLE = 0.5;
const COMFORTABLE = 0.85;
const PAN_STEP = 60;
const MARGIN = 12;
const DRAG = 4;

/** The view that shows all of it, not larger than life. */
export function fitView(width: number, height: number, boxW: number, boxH: number): View {
  const room = Math.min((boxW - 2 * MARGIN) / width, (boxH - 2 * MARGIN) / height, 1);
  const scale = Math.max(MIN_SCALE, room);
  return { scale, x: (boxW - width * scale) / 2, y: (boxH - height * scale) / 2 };
}

/** The view after zooming by `factor` with the point (px, py) of the window kept in place. */
export function zoomView(view: View, factor: number, px: number, py: number): View {
  const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, view.scale * factor));
  const grown = scale / view.scale;
  return { scale, x: px - (px - view.x) * grown, y: py - (py - view.y) * grown };
}

/** Where a picture of `size` begins in a window of `room`: no wider margin than needed. */
export function keepFilled(at: number, size: number, room: number): number {
  if (size + 2 * MARGIN <= room) return (room - size) / 2;
  return Math.min(MARGIN, Math.max(room - size - MARGIN, at));
}

export class Camera {
  private view: View = { x: 0, y: 0, scale: 1 };
  private size = { width: 1, height: 1 };
  private moved = false;
  /** Whether the last press of the pointer moved the picture: then it was no click. */
  dragged = false;
  private target: SVGSVGElement | undefined;

  constructor(
    private readonly box: HTMLElement,
    private readonly onMove: (byHand: boolean) => void,
    signal: AbortSignal,
  ) {
    box.addEventListener("wheel", (event) => this.onWheel(event), { passive: false, signal });
    box.addEventListener("pointerdown", (event) => this.onPointer(event), { signal });
    box.addEventListener("dblclick", (event) => this.zoom(1.5, event), { signal });
    if (typeof ResizeObserver !== "undefined") {
      const observer = new ResizeObserver(() => !this.moved && this.fit());
      observer.observe(box);
      signal.addEventListener("abort", () => observer.disconnect());
    }
  }

  /** Look at this picture, whose natural size is in pixels. */
  show(target: SVGSVGElement, width: number, height: number): void {
    this.target = target;
    this.size = { width, height };
    this.fit();
  }

  /** Whether all of it at once is too small to read. */
  get crowded(): boolean {
    const { clientWidth, clientHeight } = this.box;
    return fitView(this.size.width, this.size.height, clientWidth, clientHeight).scale < READABLE;
  }

  fit(): void {
    this.moved = false;
    const { clientWidth, clientHeight } = this.box;
    if (!clientWidth || !clientHeight) return;
    this.set(fitView(this.size.width, this.size.height, clientWidth, clientHeight), false);
  }

  zoom(factor: number, at?: { clientX: number; clientY: number }): void {
    const rect = this.box.getBoundingClientRect();
    const px = at ? at.clientX - rect.left : rect.width / 2;
    const py = at ? at.clientY - rect.top : rect.height / 2;
    this.set(zoomView(this.view, factor, px, py), true);
  }

  pan(dx: number, dy: number): void {
    this.set({ ...this.view, x: this.view.x + dx, y: this.view.y + dy }, true);
  }

  /** Bring an element into the middle, at a size one can read. */
  centre(element: Element): void {
    const rect = element.getBoundingClientRect();
    const box = this.box.getBoundingClientRect();
    if (!rect.width || !box.width) return;
    const x = (rect.left + rect.width / 2 - box.left - this.view.x) / this.view.scale;
    const y = (rect.top + rect.height / 2 - box.top - this.view.y) / this.view.scale;
    const scale = Math.max(this.view.scale, COMFORTABLE);
    this.moved = true;
    const { width, height } = this.size;
    const left = keepFilled(box.width / 2 - x * scale, width * scale, box.width);
    const top = keepFilled(box.height / 2 - y * scale, height * scale, box.height);
    this.set({ scale, x: left, y: top }, false);
  }

  /** Keys on the focused picture. Answers whether the key was used. */
  key(key: string): boolean {
    switch (key) {
      case "+": case "=": this.zoom(1.25); break;
      case "-": this.zoom(0.8); break;
      case "0": this.fit(); this.onMove(true); break;
      case "ArrowLeft": this.pan(PAN_STEP, 0); break;
      case "ArrowRight": this.pan(-PAN_STEP, 0); break;
      case "ArrowUp": this.pan(0, PAN_STEP); break;
      case "ArrowDown": this.pan(0, -PAN_STEP); break;
      default: return false;
    }
    return true;
  }

  private set(view: View, byHand: boolean): void {
    this.view = view;
    if (byHand) this.moved = true;
    if (this.target) {
      this.target.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
    }
    if (byHand) this.onMove(true);
  }

  private onWheel(event: WheelEvent): void {
    // without Ctrl the page scrolls, as everywhere; a pinch on a touchpad comes with Ctrl
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 300), event);
  }

  private onPointer(down: PointerEvent): void {
    if (down.button !== 0 || (down.target as Element).closest("button, input")) return;
    const lift = new AbortController();
    let { clientX, clientY } = down;
    this.dragged = false;
    const from = { clientX, clientY };
    const move = (event: PointerEvent): void => {
      const way = Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY);
      if (!this.dragged && way < DRAG) return;
      if (!this.dragged) {
        // captured only now: a captured press never clicks what is below it
        this.dragged = true;
        this.box.setPointerCapture(down.pointerId);
        this.box.classList.add("tlw-grabbing");
      }
      this.pan(event.clientX - clientX, event.clientY - clientY);
      ({ clientX, clientY } = event);
    };
    const up = (): void => {
      lift.abort();
      this.box.classList.remove("tlw-grabbing");
    };
    this.box.addEventListener("pointermove", move, { signal: lift.signal });
    window.addEventListener("pointerup", up, { signal: lift.signal });
    window.addEventListener("pointercancel", up, { signal: lift.signal });
  }
}
