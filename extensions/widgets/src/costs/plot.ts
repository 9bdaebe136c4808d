// The one door to the plotter: a stepped line under its limits, bars of a spread, lines of batches.

import uPlot from "uplot";

export interface Plotted {
  label: string;
  values: (number | null)[];
  /** A CSS variable of the widget: `accent`, `warn`, `dim`, ... */
  colour: string;
  kind: "steps" | "bars" | "line" | "limit";
}

export interface Plan {
  label: string;
  x: number[];
  time: boolean;
  series: Plotted[];
  format: (value: number) => string;
  formatX?: (value: number) => string;
}

const HEIGHT = 190;

/** A plot in `el`, drawn anew when asked to, when its width changes and when the theme does. */
export class Plot {
  readonly el: HTMLElement;
  private plot: uPlot | null = null;
  private plan: Plan | null = null;
  private wide = 0;

  constructor(signal: AbortSignal) {
    this.el = document.createElement("div");
    this.el.className = "tlw-plot";
    this.el.setAttribute("role", "img");
    if (typeof ResizeObserver !== "undefined") {
      const observer = new ResizeObserver(() => this.fit());
      observer.observe(this.el);
      signal.addEventListener("abort", () => observer.disconnect());
    }
    signal.addEventListener("abort", () => this.plot?.destroy());
  }

  draw(plan: Plan): void {
    const before = this.plan;
    this.plan = plan;
    this.el.setAttribute("aria-label", plan.label);
    const same = before !== null && shape(before) === shape(plan);
    if (this.plot && same) this.plot.setData(dataOf(plan));
    else this.make();
  }

  /** The theme changed: colours are read again. */
  renew(): void {
    if (this.plan) this.make();
  }

  private fit(): void {
    const width = Math.floor(this.el.clientWidth);
    if (!width || width === this.wide) return;
    this.wide = width;
    if (this.plot) this.plot.setSize({ width, height: HEIGHT });
    else this.make();
  }

  private make(): void {
    this.plot?.destroy();
    this.plot = null;
    this.wide = Math.floor(this.el.clientWidth);
    if (!this.plan || !this.wide) return;
    this.plot = new uPlot(optionsOf(this.plan, this.el, this.wide), dataOf(this.plan), this.el);
  }
}

function shape({ series, time }: Plan): string {
  return `${String(time)} ${series.map((one) => `${one.label} ${one.kind} ${one.colour}`).join("|")}`;
}

function dataOf(plan: Plan): uPlot.AlignedData {
  return [plan.x, ...plan.series.map((one) => one.values)];
}

function optionsOf(plan: Plan, el: HTMLElement, width: number): uPlot.Options {
  const style = getComputedStyle(el);
  const colour = (name: string): string => style.getPropertyValue(`--tlw-${name}`).trim() || "#888";
  const font = "11px system-ui, sans-serif";
  const grid = { stroke: colour("line"), width: 1 };
  const axis = { stroke: colour("dim"), font, grid, ticks: grid };
  const { format, formatX } = plan;
  const xAxis: uPlot.Axis = { ...axis, grid: { show: false } };
  if (formatX) xAxis.values = (_plot, splits) => splits.map((value) => formatX(value));
  return {
    width, height: HEIGHT, legend: { live: false }, cursor: { drag: { x: false, y: false } },
    scales: { x: { time: plan.time }, y: { range: (_plot, _low, high) => [0, (high || 1) * 1.08] } },
    axes: [xAxis, { ...axis, size: 66, values: (_plot, splits) => splits.map((value) => format(value)) }],
    series: [{}, ...plan.series.map((one) => seriesOf(one, colour(one.colour)))],
  };
}

function seriesOf(one: Plotted, stroke: string): uPlot.Series {
  const { stepped, bars } = uPlot.paths;
  const series: uPlot.Series = { label: one.label, stroke, width: 2, points: { show: false } };
  if (one.kind === "limit") return { ...series, width: 1.5, dash: [6, 4] };
  if (one.kind === "steps" && stepped) return { ...series, fill: `${stroke}22`, paths: stepped({ align: 1 }) };
  if (one.kind === "bars" && bars) return { ...series, width: 0, fill: stroke, paths: bars({ align: 1, size: [0.9, 60] }) };
  return { ...series, points: { show: true, size: 5 } };
}
