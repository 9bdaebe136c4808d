// Follow a run live: a long poll through the host where it calls tools, else a look now and then.

import { object, type Host } from "./host";
import type { Story } from "./story";

const WAITS = 20;
const PATIENCE = 60_000;
const LOOKS = 2_000;
const LEAST = 250;
const GIVES_UP = 5;

export interface Told {
  news: () => void;
  lost: (why: string) => void;
}

/** Follow until the run is done or `signal` aborts; `told.lost` where it cannot go on. */
export async function follow(host: Host, story: Story, told: Told, signal: AbortSignal): Promise<void> {
  const over = (): boolean => signal.aborted;
  let failed = 0;
  let polls = host.can.tools;
  while (!over() && !story.done) {
    const began = performance.now();
    try {
      polls = polls ? await waitForNews(host, story) : await sleep(LOOKS);
      if (over()) return;
      const moved = await story.more();
      failed = 0;
      if (moved) told.news();
      // an answer without news that came at once must not become a storm of questions
      const took = performance.now() - began;
      await sleep(moved ? LEAST : Math.max(LEAST, LOOKS - took));
    } catch (error) {
      failed += 1;
      if (failed === GIVES_UP) {
        told.lost(error instanceof Error ? error.message : String(error));
        return;
      }
      await sleep(LOOKS * failed);
    }
    while (document.hidden && !over()) await sleep(LOOKS);
  }
  if (!over()) told.news();
}

/** Wait for the next fact; answers whether that can be asked again. */
async function waitForNews(host: Host, story: Story): Promise<boolean> {
  const args = { fsm_id: story.id, after_seq: story.seq, timeout: WAITS };
  const params = { name: "wait_for_fsm_event", arguments: args };
  try {
    return (await host.ask("tools/call", params, PATIENCE)).isError !== true;
  } catch {
    return false; // a client that lets the page call no such tool: look now and then
  }
}

/** What a failed call said, in one sentence. */
export function sentence(answer: Record<string, unknown>): string {
  const content: unknown[] = Array.isArray(answer.content) ? answer.content : [];
  const said = object(content[0]).text;
  return typeof said === "string" && said ? said : "The call failed.";
}

async function sleep(ms: number): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return false;
}
