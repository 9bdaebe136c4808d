// One debugger model in this page: the store, fed by Python's messages, and what a person asks for.

import type { Commands } from "../commands";
import type { Model } from "../model";
import type { JsonObject, Reply } from "../wire";
import { save } from "./files";
import { Loader } from "./loader";
import { Player } from "./play";
import { DebugStore } from "./store";
import type { DebugMessage, DebugReply } from "./wire";

/** Work for a thread of its own in Python; only much later is it late. */
const LONG: ReadonlySet<string> = new Set(["explain", "export", "import", "compare", "fork", "why", "track", "test_case", "search", "costs"]);
const LONG_MS = 15_000;

/** What is asked without a person wanting something. */
const ASIDE: ReadonlySet<string> = new Set(["open", "search", "costs"]);

/** Says what went wrong; "": that something was done since. */
/** A message that came with the page; those that have buffers hold them. */
type Booted = DebugMessage & { buffers?: readonly ArrayBufferView[] };

export type Trouble = (text: string, hint?: string) => void;

export class Session {
  readonly store = new DebugStore();
  readonly loader: Loader;
  readonly player: Player;
  /** The views that say what went wrong. */
  readonly troubles = new Set<Trouble>();
  private readonly end = new AbortController();
  private opened = false;

  constructor(model: Model, readonly commands: Commands) {
    for (const message of bootOf(model.get("boot"))) this.store.hear(message, message.buffers ?? []);
    this.loader = new Loader(this.store, (what, args) => this.commands.ask(what, args));
    this.player = new Player(this.store);
    model.on("msg:custom", (message: DebugMessage, buffers?: readonly ArrayBufferView[]) => {
      this.hear(message, buffers ?? []);
    });
  }

  hear(message: DebugMessage, buffers: readonly ArrayBufferView[]): void {
    if (message.type === "reply") this.commands.answer(message);
    else if (message.type === "file") save(message.name, message.mime, buffers);
    else this.store.hear(message, buffers);
    if (!this.store.lost) return;
    this.store.lost = false;
    void this.ask("open");
  }

  /** Have everything said again: by the first view, since what was put into the page may be old. */
  open(): void {
    if (this.opened) return;
    this.opened = true;
    this.loader.start(this.end.signal);
    void this.ask("open");
  }

  /** Ask Python; what went wrong is shown in the views, unless `quietly`. */
  async ask(what: string, args: JsonObject = {}, quietly = false): Promise<DebugReply> {
    const reply: Reply = await this.commands.ask(what, args, LONG.has(what) ? LONG_MS : undefined);
    // an event that is refused is a fact of the run: the stand says it, with the reason
    if (!reply.ok && !quietly && reply.error) this.trouble(reply.error, reply.hint);
    else if (reply.ok && !ASIDE.has(what)) this.trouble("");
    return reply;
  }

  trouble(text: string, hint = ""): void {
    for (const tell of this.troubles) tell(text, hint);
  }

  close(): void {
    this.player.stop();
    this.end.abort();
  }
}

/** What was put into the page: the run, and in `more` the messages that follow it. */
function bootOf(boot: unknown): Booted[] {
  if (boot === null || typeof boot !== "object" || !("type" in boot)) return [];
  const { more = [] } = boot as { more?: Booted[] };
  return [boot as Booted, ...more];
}
