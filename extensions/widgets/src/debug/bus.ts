// Who wants to hear of what; everything that changed in a frame is drawn once in it.

export type Topic =
  | "track" | "rows" | "cursor" | "page" | "stand" | "tree" | "compare" | "pins" | "filter" | "play" | "answer";

export class Bus {
  private readonly listeners = new Map<Topic, Set<() => void>>();
  private readonly dirty = new Set<Topic>();
  private asked = 0;

  /** Call `listener` now, and in every frame in which one of the topics changed. */
  on(topics: readonly Topic[], listener: () => void, signal: AbortSignal): void {
    const own = topics.map((topic) => {
      const set = this.listeners.get(topic) ?? new Set();
      this.listeners.set(topic, set);
      set.add(listener);
      return set;
    });
    signal.addEventListener("abort", () => own.forEach((set) => set.delete(listener)));
    listener();
  }

  touch(...topics: Topic[]): void {
    for (const topic of topics) this.dirty.add(topic);
    if (!this.asked) this.asked = requestAnimationFrame(() => this.flush());
  }

  /** Draw what changed now, without waiting for the frame. */
  flush(): void {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
    const due = new Set<() => void>();
    for (const topic of this.dirty) for (const one of this.listeners.get(topic) ?? []) due.add(one);
    this.dirty.clear();
    for (const listener of due) listener();
  }
}
