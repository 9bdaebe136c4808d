// Answers: why a value is what it is, and what is unusual about a run, each with its facts.

import { h, type Child } from "../dom";
import type { Answer, Desk } from "./actions";
import { jumpTo } from "./fact_card";
import type { Finding } from "./wire";

const MOST_LINKS = 16;

export class WhyTab {
  readonly el: HTMLElement;
  private readonly page = h("div", { class: "tlw-answer", attrs: { "aria-live": "polite" } });

  constructor(private readonly desk: Desk) {
    const explain = h("button", { class: "tlw-btn tlw-small", attrs: { type: "button" }, on: { click: () => void this.explain() } }, "Explain this run");
    this.el = h("div", { class: "tlw-whytab" }, h("div", { class: "tlw-logbar" }, explain), this.page);
    this.page.append(h("p", { class: "tlw-empty" }, "“Why” beside a value that changed, or in the menu of a state, is answered here."));
  }

  show(answer: Answer): void {
    const text = answer.text ? h("pre", { class: "tlw-pre" }, ...marked(answer.text)) : h("p", { class: "tlw-empty" }, "asking …");
    this.page.replaceChildren(h("h4", {}, answer.title), text, this.links(answer.facts));
  }

  async explain(): Promise<void> {
    this.page.replaceChildren(h("p", { class: "tlw-empty" }, "looking at this run and earlier ones …"));
    const reply = await this.desk.session.ask("explain", {}, true);
    if (!reply.ok) {
      this.page.replaceChildren(h("p", { class: "tlw-why" }, [reply.error, reply.hint].filter(Boolean).join(" ")));
      return;
    }
    const findings = reply.findings ?? [];
    const none = [h("p", { class: "tlw-empty" }, reply.text ?? "Nothing unusual was found.")];
    this.page.replaceChildren(...(findings.length ? findings.map((finding) => this.finding(finding)) : none));
  }

  private finding(finding: Finding): HTMLElement {
    return h("section", { class: "tlw-finding" }, h("h4", {}, ...marked(finding.title)), h("pre", { class: "tlw-pre" }, ...marked(finding.text)), this.links(finding.facts));
  }

  private links(facts: readonly number[]): HTMLElement {
    const more = facts.length > MOST_LINKS ? [h("span", { class: "tlw-dim" }, `and ${facts.length - MOST_LINKS} more`)] : [];
    return h("div", { class: "tlw-factlinks" }, ...facts.slice(0, MOST_LINKS).map((seq) => jumpTo(this.desk, seq)), ...more);
  }
}

/** What stands between backticks is written as code; a text with an odd one is left as it is. */
export function marked(text: string): Child[] {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return [text];
  return parts.map((part, at) => (at % 2 ? h("code", {}, part) : part));
}
