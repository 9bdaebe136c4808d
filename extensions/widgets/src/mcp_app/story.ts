// What the page knows of a run: its steps, where it stands, and how it asks for more of them.

import { object, type Host, type Json } from "./host";

export interface Step {
  seq: number;
  at: string;
  event: string;
  state: string[];
  active: string[];
  taken: string[];
  changed: Json;
}

const PAGE = 500;
const MOST = 2_000;

/** A run's steps, oldest first; at most the last `MOST` facts are looked at. */
export class Story {
  machine = "";
  steps: Step[] = [];
  seq = 0;
  done = false;
  /** Facts that are not looked at, before the first step. */
  skipped = 0;

  constructor(
    private readonly host: Host,
    readonly id: string,
  ) {}

  private get root(): string {
    return `fsm://runs/${encodeURIComponent(this.id)}`;
  }

  picture(): Promise<string> {
    return this.host.read(`${this.root}/diagram.svg`);
  }

  /** Read where it stands, and then how it came there. */
  async begin(): Promise<void> {
    const here = object(JSON.parse(await this.host.read(`${this.root}/snapshot`)));
    this.machine = text(here.machine);
    this.skipped = Math.max(0, number(here.seq) - MOST);
    this.seq = this.skipped;
    await this.more();
  }

  /** Read the steps that came since; answers whether there were any. */
  async more(): Promise<boolean> {
    const before = this.seq;
    for (let after = before; ; ) {
      const uri = `${this.root}/history?after=${after}&limit=${PAGE}`;
      const page = object(JSON.parse(await this.host.read(uri)));
      const steps = Array.isArray(page.steps) ? page.steps.map(readStep) : [];
      this.steps.push(...steps);
      this.done = page.done === true;
      after = steps.at(-1)?.seq ?? after;
      if (page.more !== true || !steps.length) {
        this.seq = Math.max(after, number(page.seq));
        return this.seq > before;
      }
    }
  }
}

function readStep(value: unknown): Step {
  const row = object(value);
  return {
    seq: number(row.seq),
    at: text(row.at),
    event: text(row.event),
    state: texts(row.state),
    active: texts(row.active),
    taken: texts(row.taken),
    changed: object(row.changed),
  };
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : value ? [text(value)] : [];
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
