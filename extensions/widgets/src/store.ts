// What is known of one run: the face, the state now, and who wants to hear of changes.

import type { Face, Now, Patch } from "./wire";

export type Field = keyof Now;
export type Listener = (now: Now, changed: ReadonlySet<Field>) => void;

export const MAX_STEPS = 50;
const EVERYTHING: ReadonlySet<Field> = new Set<Field>([
  "status", "state", "seq", "active", "visited", "taken", "takes", "blocked", "arrows", "data", "changes",
  "span", "steps", "refused", "effects", "timers", "held",
]);

export class RunStore {
  private readonly listeners = new Set<Listener>();

  constructor(
    readonly face: Face,
    public now: Now,
  ) {}

  /** Take a patch. False: one before it is missing, and the whole state must be asked for. */
  apply(patch: Patch): boolean {
    if (patch.rev <= this.now.rev) return true;
    if (patch.rev !== this.now.rev + 1) return false;
    const now = { ...this.now, ...patch.set, rev: patch.rev };
    const changed = new Set(Object.keys(patch.set) as Field[]);
    if (patch.visited) {
      now.visited = [...now.visited, ...patch.visited];
      changed.add("visited");
    }
    if (patch.steps) {
      now.steps = [...now.steps, ...patch.steps].slice(-MAX_STEPS);
      changed.add("steps");
    }
    if (patch.data) {
      now.data = { ...now.data, ...patch.data.set };
      for (const key of patch.data.del) Reflect.deleteProperty(now.data, key);
      changed.add("data");
    }
    if (patch.effects) {
      const rows = { ...now.effects.rows, ...patch.effects.set };
      for (const path of patch.effects.del) Reflect.deleteProperty(rows, path);
      now.effects = { rows, cut: patch.effects.cut };
      changed.add("effects");
    }
    this.now = now;
    this.tell(changed);
    return true;
  }

  /** Start again from a whole state. */
  reset(now: Now): void {
    this.now = now;
    this.tell(EVERYTHING);
  }

  /** Call `listener` now with everything, and then with every change until `signal` aborts. */
  watch(listener: Listener, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener("abort", () => this.listeners.delete(listener));
    listener(this.now, EVERYTHING);
  }

  private tell(changed: ReadonlySet<Field>): void {
    for (const listener of this.listeners) listener(this.now, changed);
  }
}
