// One widget model in this page: its stores, fed by messages, whatever views look at them.

import { Commands } from "./commands";
import type { Model } from "./model";
import { RunStore } from "./store";
import type { Board, Face, Message, Now, Patch, Rows } from "./wire";

type Hear<T> = (value: T) => void;

export class Client {
  readonly commands: Commands;
  readonly runs = new Map<string, RunStore>();
  board: Board | null;
  private readonly boardListeners = new Set<Hear<Board>>();
  private readonly rowsListeners = new Map<string, Hear<Rows>>();
  private readonly opening = new Map<string, Hear<RunStore>[]>();

  constructor(
    model: Model,
    commands?: Commands,
  ) {
    this.commands = commands ?? new Commands(model, String(model.get("key")));
    const face = model.get("face") as Face | null;
    if (face?.run) this.runs.set(face.run, new RunStore(face, model.get("now") as Now));
    this.board = (model.get("board") as Board | null) ?? null;
    model.on("msg:custom", (message: Message) => this.hear(message));
  }

  hear(message: Message): void {
    switch (message.type) {
      case "reply": this.commands.answer(message); break;
      case "patch": this.patch(message.run, message.patch); break;
      case "run": this.whole(message.face, message.now); break;
      case "board":
        this.board = message.board;
        for (const listener of this.boardListeners) listener(message.board);
        break;
      case "rows": this.rowsListeners.get(message.rows.view)?.(message.rows); break;
    }
  }

  onBoard(listener: Hear<Board>, signal: AbortSignal): void {
    this.boardListeners.add(listener);
    signal.addEventListener("abort", () => this.boardListeners.delete(listener));
    if (this.board) listener(this.board);
  }

  onRows(view: string, listener: Hear<Rows>, signal: AbortSignal): void {
    this.rowsListeners.set(view, listener);
    signal.addEventListener("abort", () => {
      this.rowsListeners.delete(view);
      void this.commands.ask("leave", { view });
    });
  }

  /** Have a run's face and state sent, and kept up to date. */
  openRun(run: string): Promise<RunStore> {
    const known = this.runs.get(run);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      this.opening.set(run, [...(this.opening.get(run) ?? []), resolve]);
      void this.commands.ask("open", { run }).then((reply) => {
        if (!reply.ok) reject(new Error(reply.error ?? "It cannot be opened."));
      });
    });
  }

  closeRun(run: string): void {
    this.runs.delete(run);
    void this.commands.ask("close", { run });
  }

  private patch(run: string, patch: Patch): void {
    const store = this.runs.get(run);
    if (store && !store.apply(patch)) void this.commands.ask("open", { run });
  }

  private whole(face: Face, now: Now): void {
    const known = this.runs.get(face.run);
    if (known) known.reset(now);
    const store = known ?? new RunStore(face, now);
    this.runs.set(face.run, store);
    for (const resolve of this.opening.get(face.run) ?? []) resolve(store);
    this.opening.delete(face.run);
  }
}
