// The live diagram as an MCP App: shown by a client beside the answer of a tool.

import { follow, sentence } from "./follow";
import { Host, object, type Json } from "./host";
import { Story, text, texts } from "./story";
import { dress, tellSize } from "./surroundings";
import { View } from "./view";

const NOTHING = "This client lets the page ask nothing: it shows where the run stood, and does not follow it.";
const NO_PICTURE = "This client does not let the page read the diagram: it shows where the run stood.";

class App {
  private readonly host = new Host(window);
  private readonly view = new View();
  private shown = "";
  private ending = new AbortController();

  async start(): Promise<void> {
    document.body.append(this.view.el);
    this.host.on("ui/notifications/tool-input", (params) => this.open(object(params.arguments)));
    this.host.on("ui/notifications/tool-result", (params) => this.result(params));
    this.host.on("ui/notifications/tool-cancelled", () => this.view.say("The call was cancelled."));
    this.host.on("ui/notifications/host-context-changed", dress);
    this.host.onTeardown = () => this.ending.abort();
    try {
      dress(await this.host.begin());
    } catch {
      this.view.say("Nobody answers: this page is shown by a client that speaks MCP Apps.");
      return;
    }
    tellSize(this.host, this.view.el);
  }

  private result(params: Json): void {
    if (params.isError === true) {
      if (!this.shown) this.view.say(sentence(params));
      return;
    }
    const answer = answerOf(params);
    if (!this.host.can.resources) this.words(answer);
    this.open(answer);
  }

  /** Show the run that arguments or an answer name, if it is not shown already. */
  private open(named: Json): void {
    const id = text(named.fsm_id);
    if (!id || id === this.shown || !this.host.can.resources) return;
    this.ending.abort();
    this.ending = new AbortController();
    void this.load(id, this.ending.signal);
  }

  private async load(id: string, signal: AbortSignal): Promise<void> {
    const story = new Story(this.host, id);
    try {
      await story.begin();
      const svg = await story.picture();
      if (signal.aborted) return;
      this.shown = id;
      this.view.show(story, svg);
    } catch (error) {
      // the id may be that of a run which the call is still to make: its answer comes
      if (!signal.aborted) this.view.say(error instanceof Error ? error.message : String(error));
      return;
    }
    const lost = (why: string): void => this.view.say(`The run is no longer followed: ${why}`);
    await follow(this.host, story, { news: () => this.view.refresh(), lost }, signal);
  }

  private words(answer: Json): void {
    const states = texts(answer.state);
    if (!states.length) return;
    this.view.words(text(answer.fsm_id), text(answer.machine), states);
    this.view.say(this.host.can.tools ? NO_PICTURE : NOTHING);
  }
}

/** What a tool answered: its structured content, else its first text read as JSON. */
function answerOf(params: Json): Json {
  if (params.structuredContent) return object(params.structuredContent);
  const content: unknown[] = Array.isArray(params.content) ? params.content : [];
  try {
    return object(JSON.parse(text(object(content[0]).text)));
  } catch {
    return {};
  }
}

void new App().start();
