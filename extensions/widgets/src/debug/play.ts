// Playing a run: the cursor moves by itself, at so many steps a second.

import type { DebugStore } from "./store";

export const SPEEDS = [1, 5, 20, 100, 1000] as const;
export type Speed = (typeof SPEEDS)[number];

export class Player {
  speed: Speed = 5;
  playing = false;
  private frame = 0;
  private last = 0;
  private owed = 0;

  constructor(private readonly store: DebugStore) {}

  toggle(): void {
    if (this.playing) this.stop();
    else this.start();
  }

  start(): void {
    const { store } = this;
    const total = store.a?.total ?? 0;
    if (this.playing || total === 0) return;
    if (store.cursor >= total) store.go(0);
    store.follow = false;
    this.playing = true;
    this.owed = 1; // the first step at once: the press of the button is seen
    this.last = performance.now();
    this.tick(this.last);
    store.bus.touch("play");
  }

  stop(): void {
    if (!this.playing) return;
    cancelAnimationFrame(this.frame);
    this.playing = false;
    this.store.bus.touch("play");
  }

  setSpeed(speed: Speed): void {
    this.speed = speed;
    this.store.bus.touch("play");
  }

  private tick(now: number): void {
    const { store } = this;
    this.owed += (Math.max(0, now - this.last) / 1000) * this.speed;
    this.last = now;
    const steps = Math.floor(this.owed);
    if (steps > 0) {
      this.owed -= steps;
      store.go(store.cursor + steps);
    }
    if (store.cursor >= (store.a?.total ?? 0)) {
      this.stop();
      return;
    }
    this.frame = requestAnimationFrame((at) => this.tick(at));
  }
}
