// What agents ask a person: each question with what exactly would be done, and four answers.

import { Announcer } from "./announce";
import type { Commands } from "./commands";
import { h, icon, ICONS, setAttr } from "./dom";

export interface Question {
  id: string;
  text: string;
  who: string;
  tool: string;
  tenant: string;
  run: string;
  /** Milliseconds since the epoch. */
  at: number;
  arguments: string;
}

export interface QuestionList {
  rows: Question[];
  /** How many more wait. */
  more: number;
}

const ANSWERS = [
  ["once", "Allow once", "This call and no other"],
  ["always", "Always for this tool", "Ask no more for this tool and this agent's token, until the server stops"],
  ["deny", "Deny", "The agent is told no; nothing is done"],
  ["never", "Never", "Deny, and ask no more for this tool and token"],
] as const;
/** A card that has just come or moved takes no click meant for what was there before. */
const SETTLE_MS = 500;

export class Questions {
  private readonly announcer = new Announcer();
  private readonly list = h("div");
  private readonly more = h("p", { class: "tlw-askmore", attrs: { hidden: true } });
  readonly el = h("section", { class: "tlw-asks", attrs: { "aria-label": "What agents ask", hidden: true } }, this.list, this.more);
  private readonly cards = new Map<string, Card>();

  constructor(
    private readonly commands: Commands,
    private readonly trouble: (text: string, hint?: string) => void,
    signal: AbortSignal,
    private readonly openRun?: (run: string) => void,
  ) {
    const age = setInterval(() => this.cards.forEach((card) => card.age()), 1000);
    signal.addEventListener("abort", () => clearInterval(age));
  }

  /** Put where it is always in the page, so that what comes is said. */
  get said(): HTMLElement {
    return this.announcer.el;
  }

  draw({ rows, more }: QuestionList): void {
    const wanted = new Set(rows.map((row) => row.id));
    let left = false;
    for (const [id, card] of this.cards) {
      if (wanted.has(id)) continue;
      left ||= card.el.contains(document.activeElement);
      card.el.remove();
      this.cards.delete(id);
    }
    const fresh = rows.filter((row) => !this.cards.has(row.id));
    rows.forEach((row, at) => this.place(row, at));
    this.el.hidden = rows.length === 0;
    this.more.hidden = more === 0;
    this.more.textContent = `and ${more} more wait`;
    const [first] = fresh;
    if (first) this.announcer.say(fresh.length === 1 ? `${first.text} Allow once, always, deny, or never.` : `${fresh.length} questions of agents wait for an answer.`);
    // to the card, not to its buttons: a second Enter must not answer the next question
    if (left) (this.list.querySelector<HTMLElement>(".tlw-ask") ?? this.el.closest<HTMLElement>("[role=group][tabindex]"))?.focus({ preventScroll: true });
  }

  private place(row: Question, at: number): void {
    const card = this.cards.get(row.id) ?? new Card(row, (answer) => this.decide(row.id, answer), this.openRun);
    this.cards.set(row.id, card);
    if (card.at === at) return;
    card.at = at;
    card.settle();
    if (this.list.children[at] !== card.el) this.list.insertBefore(card.el, this.list.children[at] ?? null);
  }

  private async decide(question: string, answer: string): Promise<void> {
    const reply = await this.commands.ask("decide", { question, answer });
    if (!reply.ok) this.trouble(reply.error ?? "It could not be answered.", reply.hint);
    this.cards.get(question)?.free(!reply.ok);
  }
}

class Card {
  at = -1;
  readonly el: HTMLElement;
  private readonly asked = h("span", { class: "tlw-dim tlw-askage" });
  private readonly buttons: HTMLButtonElement[];
  private waits = false;

  constructor(
    private readonly row: Question,
    decide: (answer: string) => Promise<void>,
    openRun?: (run: string) => void,
  ) {
    const id = `tlw-ask-${row.id}`;
    this.buttons = ANSWERS.map(([answer, label, title]) => {
      const click = (): void => {
        if (this.waits) return;
        this.free(false);
        void decide(answer);
      };
      const kind = { once: "tlw-primary", always: "", deny: "tlw-deny", never: "tlw-deny" }[answer];
      return h("button", { class: `tlw-btn ${kind}`, attrs: { type: "button", "data-answer": answer, title, "aria-describedby": id }, on: { click } }, label);
    });
    const run = row.run && openRun
      ? h("button", { class: "tlw-link", attrs: { type: "button", title: "Open this run" }, on: { click: () => openRun(row.run) } }, row.run)
      : row.run && h("code", {}, row.run);
    const about = (name: string, value: HTMLElement | string): HTMLElement | null => value ? h("div", {}, h("dt", {}, name), h("dd", {}, value)) : null;
    this.el = h("div", { class: "tlw-ask", attrs: { role: "group", tabindex: -1, "aria-labelledby": id, "data-question": row.id } },
      h("div", { class: "tlw-askhead" }, icon(ICONS.alert), h("strong", { attrs: { id } }, row.text), this.asked),
      h("dl", { class: "tlw-askabout" }, about("tool", row.tool && h("code", {}, row.tool)), about("run", run), about("tenant", row.tenant && h("code", {}, row.tenant))),
      row.arguments ? h("pre", { class: "tlw-askargs", attrs: { tabindex: 0, "aria-label": "Arguments of the call" } }, row.arguments) : null,
      h("div", { class: "tlw-askend" }, ...this.buttons));
    this.age();
  }

  /** Let it be answered, or not while an answer is on its way. */
  free(on: boolean): void {
    this.waits = !on;
    // not `disabled`, which would take the focus away
    for (const button of this.buttons) setAttr(button, "aria-disabled", on ? undefined : "true");
  }

  age(): void {
    const seconds = Math.max(0, Math.round((Date.now() - this.row.at) / 1000));
    this.asked.textContent = seconds < 3 ? "just now" : seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
  }

  settle(): void {
    this.el.classList.add("tlw-settling");
    setTimeout(() => this.el.classList.remove("tlw-settling"), SETTLE_MS);
  }
}
