// A run as Python would send it, for tests.

import type { Channel } from "../src/channel";
import { Commands } from "../src/commands";
import type { Model } from "../src/model";
import { RunStore } from "../src/store";
import type { Face, Json, JsonObject, Now } from "../src/wire";

export const SVG = `<svg xmlns="http://www.w3.org/2000/svg" class="tl-diagram" viewBox="0 0 200 100">
  <defs><marker id="tip"/></defs><script>throw 1</script>
  <g class="tl-state tl-leaf" data-state="closed"><rect/></g>
  <g class="tl-state tl-leaf" data-state="opening"><rect/></g>
  <g class="tl-transition" data-transitions="closed#0 closed#1"><path marker-end="url(#tip)" onclick="x()"/></g>
</svg>`;

export const face: Face = {
  run: "door_001",
  machine: "SmartDoor",
  title: "",
  titles: { opening: "On the way up" },
  tenant: "building",
  svg: SVG,
  events: {
    set_speed: {
      properties: {
        speed: { type: "integer", minimum: 1, maximum: 9, default: 3 },
        who: { type: "string" },
        mode: { enum: ["slow", "fast"] },
        loud: { type: "boolean" },
      },
      required: ["speed", "who"],
    },
  },
  known: ["close_command", "open_command", "set_speed"],
};

export const now: Now = {
  rev: 0,
  status: "running",
  state: "closed",
  seq: 1,
  active: ["closed"],
  visited: ["closed"],
  taken: [],
  takes: ["open_command", "set_speed", "zone.*"],
  blocked: { close_command: "!data.locked" },
  arrows: { "closed#0": "open_command" },
  data: { opened: 0, locked: false },
  changes: [],
  span: 0,
  steps: [{ seq: 1, at: 0, event: "", from: "closed", to: "closed" }],
  refused: null,
  effects: { rows: {}, cut: {} },
  timers: [],
  held: null,
};

export function newStore(changes: Partial<Now> = {}): RunStore {
  return new RunStore(face, { ...now, ...changes });
}

export class FakeModel implements Model {
  private readonly listeners = new Map<string, ((...args: never[]) => void)[]>();
  sent: unknown[] = [];

  constructor(private readonly traits: Record<string, unknown>) {}

  get(name: string): unknown {
    return this.traits[name];
  }

  on(name: string, callback: (...args: never[]) => void): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), callback]);
  }

  off(): void {
    this.listeners.clear();
  }

  send(content: unknown): void {
    this.sent.push(content);
  }

  emit(message: unknown): void {
    for (const listener of this.listeners.get("msg:custom") ?? []) listener(message as never);
  }
}

/** Commands whose channel only remembers what it was given. */
export function fakeCommands(): { commands: Commands; sent: JsonObject[] } {
  const sent: JsonObject[] = [];
  const send = (command: Json): Promise<void> => {
    sent.push(command as JsonObject);
    return Promise.resolve();
  };
  const channel: Channel = { free: true, idle: () => false, send };
  const model = new FakeModel({ key: "k" });
  return { commands: new Commands(model, "k", () => Promise.resolve(channel)), sent };
}

export const forever = new AbortController().signal;

export async function tick(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
