// One server's widget in this page: what is known of it, and who looks.

import type { Commands } from "../commands";
import type { Model } from "../model";
import type { Json, Reply } from "../wire";
import type { Now, ServingMessage } from "./wire";

type Field = keyof Now;
export type Listener = (now: Now, changed: ReadonlySet<Field>) => void;
const PATIENCE_MS = 5000;

export class ServingStore {
  now: Now;
  private readonly listeners = new Set<Listener>();

  constructor(model: Model, readonly commands: Commands) {
    this.now = model.get("now") as Now;
    model.on("msg:custom", (message: ServingMessage) => this.hear(message));
  }

  hear(message: ServingMessage): void {
    if (message.type === "reply") this.commands.answer(message);
    else if (message.whole) this.take(message.set);
    else if (message.set.rev === this.now.rev + 1) this.take(message.set);
    else if (message.set.rev > this.now.rev) void this.commands.ask("open"); // one was missed
  }

  /** Call `listener` now with everything, and then with every change until `signal` aborts. */
  watch(listener: Listener, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener("abort", () => this.listeners.delete(listener));
    listener(this.now, new Set(Object.keys(this.now) as Field[]));
  }

  /** Have something done that may take a little. */
  do(what: string, args: Record<string, Json> = {}): Promise<Reply> {
    return this.commands.ask(what, args, PATIENCE_MS);
  }

  /** Have a text told that is kept nowhere. Rejects with what is wrong. */
  async text(what: string, args: Record<string, Json> = {}): Promise<string> {
    const reply = await this.do(what, args);
    if (!reply.ok) throw new Error([reply.error ?? "It cannot be told.", reply.hint].filter(Boolean).join(" "));
    return reply.text ?? "";
  }

  private take(set: Partial<Now>): void {
    this.now = { ...this.now, ...set };
    const changed = new Set(Object.keys(set) as Field[]);
    for (const listener of this.listeners) listener(this.now, changed);
  }
}
