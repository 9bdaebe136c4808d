// One costs widget in this page: the newest numbers, the unit chosen, and who looks at them.

import type { Commands } from "../commands";
import { save } from "../debug/files";
import type { Model } from "../model";
import type { CostsMessage, Face, Now, Unit } from "./wire";
import { firstUnit } from "./words";

export class CostsStore {
  readonly face: Face;
  now: Now;
  /** What a person chose; null: what fits the numbers. */
  private chosen: Unit | null = null;
  private readonly listeners = new Set<() => void>();
  /** Says what could not be done; "": that something was done since. */
  trouble: (text: string, hint?: string) => void = () => undefined;

  constructor(model: Model, readonly commands: Commands) {
    this.face = model.get("face") as Face;
    this.now = model.get("now") as Now;
    model.on("msg:custom", (message: CostsMessage, buffers?: readonly ArrayBufferView[]) => this.hear(message, buffers ?? []));
  }

  get unit(): Unit {
    return this.chosen ?? firstUnit(this.now.total);
  }

  choose(unit: Unit): void {
    this.chosen = unit;
    this.tell();
  }

  hear(message: CostsMessage, buffers: readonly ArrayBufferView[]): void {
    if (message.type === "reply") this.commands.answer(message);
    else if (message.type === "file") save(message.name, message.mime, buffers);
    else {
      this.now = message.now;
      this.tell();
    }
  }

  watch(listener: () => void, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener("abort", () => this.listeners.delete(listener));
    listener();
  }

  async csv(): Promise<void> {
    const reply = await this.commands.ask("csv", {}, 15_000);
    this.trouble(reply.ok ? "" : reply.error ?? "It cannot be written.", reply.hint);
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
