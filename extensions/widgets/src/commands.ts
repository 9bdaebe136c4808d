// What a person asks for: sent to Python, answered with a reply, "kernel busy" after a second.

import { openChannel, type Channel } from "./channel";
import type { Model } from "./model";
import { BUSY_AFTER_MS, type JsonObject, type Reply } from "./wire";

/** Why an answer is late: a cell runs, or nobody is there to answer (the kernel was restarted). */
export type Wait = "" | "busy" | "silent";

interface Waiting {
  resolve(reply: Reply): void;
  timer: ReturnType<typeof setTimeout>;
}

export class Commands {
  private readonly client = Math.random().toString(36).slice(2, 10);
  private readonly waiting = new Map<string, Waiting>();
  private readonly late = new Set<string>();
  private readonly busyListeners = new Set<(wait: Wait) => void>();
  private channel: Promise<Channel> | undefined;
  private count = 0;

  constructor(
    private readonly model: Model,
    private readonly key: string,
    private readonly connect: (model: Model) => Promise<Channel> = openChannel,
  ) {}

  /** Open the channel now, so that the first click need not wait for it. */
  warm(): void {
    this.open().catch(() => undefined); // the first click says so, if it still cannot be
  }

  /** `lateAfter`: milliseconds until it is said that the answer is late. */
  async ask(what: string, args: JsonObject = {}, lateAfter = BUSY_AFTER_MS): Promise<Reply> {
    const id = `${this.client}:${++this.count}`;
    const reply = new Promise<Reply>((resolve) => {
      const timer = setTimeout(() => this.markLate(id), lateAfter);
      this.waiting.set(id, { resolve, timer });
    });
    try {
      await (await this.open()).send({ ...args, id, widget: this.key, do: what });
    } catch (error) {
      this.answer({ type: "reply", id, ok: false, error: `No way to the kernel: ${String(error)}` });
    }
    return reply;
  }

  answer(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    if (!waiting) return; // another page asked
    this.waiting.delete(reply.id);
    clearTimeout(waiting.timer);
    if (this.late.delete(reply.id) && this.late.size === 0) this.tell("");
    waiting.resolve(reply);
  }

  /** Hear why an answer is late, and "" when none is late any more. */
  onBusy(listener: (wait: Wait) => void, signal: AbortSignal): void {
    this.busyListeners.add(listener);
    signal.addEventListener("abort", () => this.busyListeners.delete(listener));
  }

  private open(): Promise<Channel> {
    this.channel ??= this.connect(this.model).catch((error: unknown) => {
      this.channel = undefined; // try again at the next click
      throw error;
    });
    return this.channel;
  }

  private markLate(id: string): void {
    this.late.add(id);
    void this.open().then((channel) => {
      if (this.late.has(id)) this.tell(channel.idle() ? "silent" : "busy");
    }, () => undefined);
  }

  private tell(wait: Wait): void {
    for (const listener of this.busyListeners) listener(wait);
  }
}
