// Speak JSON-RPC with the host that shows the page: the messages of MCP Apps (2026-01-26).

export type Json = Record<string, unknown>;

interface Message {
  jsonrpc: "2.0";
  id?: number | string;
  method?: string;
  params?: Json;
  result?: Json;
  error?: { code: number; message: string };
}

interface Waiting {
  resolve: (result: Json) => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

const VERSION = "2026-01-26";
const PATIENCE = 30_000;

/** The host behind `window.parent`. What others post is not listened to. */
export class Host {
  /** Whether tools can be called, and resources read, through the host. */
  can = { tools: false, resources: false };
  onTeardown: () => void = () => undefined;
  private readonly waiting = new Map<number | string, Waiting>();
  private readonly heard = new Map<string, (params: Json) => void>();
  private next = 1;

  constructor(private readonly window: Window) {
    window.addEventListener("message", (event: MessageEvent) => {
      if (event.source === window.parent) this.take(event.data as Message | null);
    });
  }

  /** Call back when the host tells something. */
  on(method: string, callback: (params: Json) => void): void {
    this.heard.set(method, callback);
  }

  tell(method: string, params: Json): void {
    this.post({ jsonrpc: "2.0", method, params });
  }

  ask(method: string, params: Json, patience = PATIENCE): Promise<Json> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.waiting.delete(id);
        reject(new Error(`The client did not answer ${method} in ${patience / 1000} s.`));
      };
      this.waiting.set(id, { resolve, reject, timer: setTimeout(late, patience) });
      this.post({ jsonrpc: "2.0", id, method, params });
    });
  }

  /** Shake hands; answers the host's context (theme, styles, room). */
  async begin(): Promise<Json> {
    const answer = await this.ask("ui/initialize", {
      protocolVersion: VERSION,
      appInfo: { name: "traaviis-diagram", version: "1.0.0" },
      appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
    });
    const can = object(answer.hostCapabilities);
    this.can = { tools: "serverTools" in can, resources: "serverResources" in can };
    this.tell("ui/notifications/initialized", {});
    return object(answer.hostContext);
  }

  /** The text of a resource of the server. */
  async read(uri: string): Promise<string> {
    const answer = await this.ask("resources/read", { uri });
    const first: unknown = Array.isArray(answer.contents) ? answer.contents[0] : undefined;
    const text = object(first).text;
    if (typeof text !== "string") throw new Error(`${uri} was answered without text.`);
    return text;
  }

  private take(message: Message | null): void {
    if (message?.jsonrpc !== "2.0") return;
    if (message.method === undefined) this.settle(message);
    else if (message.id === undefined) this.heard.get(message.method)?.(object(message.params));
    else this.answer(message.id, message.method);
  }

  private settle(message: Message): void {
    const waiting = message.id === undefined ? undefined : this.waiting.get(message.id);
    if (!waiting || message.id === undefined) return;
    this.waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.error) waiting.reject(new Error(message.error.message));
    else waiting.resolve(object(message.result));
  }

  private answer(id: number | string, method: string): void {
    const known = method === "ping" || method === "ui/resource-teardown";
    if (method === "ui/resource-teardown") this.onTeardown();
    if (known) this.post({ jsonrpc: "2.0", id, result: {} });
    else this.post({ jsonrpc: "2.0", id, error: { code: -32601, message: `No ${method} here.` } });
  }

  private post(message: Message): void {
    // The page cannot know its host's origin; what it posts are questions, and no secrets.
    this.window.parent.postMessage(message, "*");
  }
}

/** `value` if it is an object, else an empty one. */
export function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}
