// The tree of forks a run belongs to; each of them can be opened, or put beside this one.

import { h } from "../dom";
import type { Desk } from "./actions";
import { renew } from "./renew";
import { num } from "./words";
import type { TreeNode } from "./wire";

export class ForksTab {
  readonly el = h("div", { class: "tlw-forkstab" });

  constructor(private readonly desk: Desk, signal: AbortSignal) {
    desk.session.store.bus.on(["tree", "track"], () => this.draw(), signal);
  }

  private draw(): void {
    const { tree } = this.desk.session.store;
    const rows = ordered(tree).map(([node, depth]) => this.line(node, depth));
    const alone = rows.length <= 1 && h("p", { class: "tlw-empty" }, "No forks yet. “Fork here” (the branch above) makes one; this run stays as it is.");
    renew(this.el, h("div", { class: "tlw-lines", attrs: { role: "list", "aria-label": "Runs of this family" } }, ...rows), alone || h("span"));
  }

  private line(node: TreeNode, depth: number): HTMLElement {
    const { session } = this.desk;
    const { a, b } = session.store;
    const [isA, isB] = [a?.run === node.run, b?.run === node.run];
    const where = node.parent === null ? node.machine : `from seq ${num(node.at ?? 0)}`;
    const el = h("div", { class: isA ? "tlw-line tlw-isa" : isB ? "tlw-line tlw-isb" : "tlw-line", attrs: { role: "listitem", "data-run": node.run } },
      h("span", { class: "tlw-branchmark", attrs: { "aria-hidden": "true" } }, depth > 0 ? "└" : ""),
      isA && h("span", { class: "tlw-letter tlw-lettera" }, "A"), isB && h("span", { class: "tlw-letter tlw-letterb" }, "B"),
      h("b", { class: "tlw-runname", attrs: { title: `${node.run}, ${node.status}, ${num(node.seq)} facts` } }, node.run),
      h("span", { class: "tlw-result", attrs: { title: node.note } }, `${where}${node.note ? `: ${node.note}` : ""}`),
      h("span", { class: "tlw-chip", attrs: { title: node.status } }, node.state.replaceAll(",", " · ") || "–"),
      this.act("Open", `Debug ${node.run}`, isA, () => this.desk.session.ask("track", { track: "a", run: node.run })),
      isB ? this.act("Close", "Compare no more", false, () => closeB(this.desk)) : this.act("Compare", `Put ${node.run} beside this run`, isA, () => this.compare(node.run)));
    el.style.paddingLeft = `${8 + depth * 18}px`;
    return el;
  }

  private act(text: string, title: string, off: boolean, run: () => Promise<unknown>): HTMLElement {
    const attrs = { type: "button", title, disabled: off };
    return h("button", { class: "tlw-btn tlw-small", attrs, on: { click: () => void run() } }, text);
  }

  private async compare(run: string): Promise<void> {
    const reply = await this.desk.session.ask("track", { track: "b", run });
    if (reply.ok) this.desk.show("compare");
  }
}

export async function closeB(desk: Desk): Promise<void> {
  const reply = await desk.session.ask("track", { track: "b", run: null });
  if (reply.ok) desk.session.store.closeB();
}

/** Parents before children, children by the place they left at. */
export function ordered(nodes: readonly TreeNode[]): [TreeNode, number][] {
  const known = new Set(nodes.map((node) => node.run));
  const found: [TreeNode, number][] = [];
  const seen = new Set<string>();
  const visit = (node: TreeNode, depth: number): void => {
    if (seen.has(node.run)) return;
    seen.add(node.run);
    found.push([node, depth]);
    const children = nodes.filter((one) => one.parent === node.run);
    for (const child of children.sort((x, y) => (x.at ?? 0) - (y.at ?? 0))) visit(child, depth + 1);
  };
  for (const node of nodes) if (node.parent === null || !known.has(node.parent)) visit(node, 0);
  return found;
}
