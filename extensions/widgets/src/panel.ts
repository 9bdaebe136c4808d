// The control panel of a lab: counts by machine and state, the runs, and one of them opened.

import type { Client } from "./client";
import { h, ICONS, iconButton } from "./dom";
import { groupList, type Choice } from "./groups";
import { notices } from "./notices";
import { Questions } from "./questions";
import { runView } from "./run_view";
import { startForm } from "./start";
import { runTable } from "./table";
import type { Board } from "./wire";

export function panel(client: Client, signal: AbortSignal): HTMLElement {
  const title = h("span", { class: "tlw-machine" }, "Lab");
  const sums = h("span", { class: "tlw-run" });
  const said = notices(null, client.commands, signal);
  const opened = h("div", { class: "tlw-opened", attrs: { hidden: true } });
  const open = openedRun(client, opened, (text) => said.trouble(text), signal);
  const questions = new Questions(client.commands, (text, hint) => said.trouble(text, hint), signal, open);
  const table = runTable(client, open, (text, hint) => said.trouble(text, hint), signal);
  const groups = groupList((choice: Choice) => table.choose(choice));
  const start = startForm(client, open);
  const body = h("div", { class: "tlw-panelbody" }, groups.el, table.el);
  const draw = (board: Board): void => {
    title.textContent = board.title;
    const runs = board.total === 1 ? "1 run" : `${board.total.toLocaleString("en")} runs`;
    sums.textContent = `${runs}, ${board.running.toLocaleString("en")} running`;
    questions.draw(board.questions);
    groups.draw(board.groups);
    start.draw(board.machines);
  };
  client.onBoard(draw, signal);
  const head = h("header", { class: "tlw-header" }, title, sums, h("span", { class: "tlw-grow" }), start.button);
  const attrs = { role: "group", "aria-label": "Lab control panel", tabindex: -1 };
  return h("div", { class: "tlw-panel", attrs }, head, questions.el, said.el, start.el, body, opened, questions.said);
}

function openedRun(
  client: Client, host: HTMLElement, trouble: (text: string) => void, signal: AbortSignal,
): (run: string) => void {
  let shown: { run: string; end: AbortController } | undefined;
  const close = (): void => {
    if (!shown) return;
    shown.end.abort();
    client.closeRun(shown.run);
    shown = undefined;
    host.hidden = true;
    host.replaceChildren();
  };
  signal.addEventListener("abort", close);
  return (run) => {
    if (shown?.run === run) return;
    close();
    const end = new AbortController();
    shown = { run, end };
    client.openRun(run).then((store) => {
      if (end.signal.aborted) return;
      const bar = h("div", { class: "tlw-openedbar" }, h("span", {}, "Opened run"), iconButton(ICONS.close, "Close this run's view", close));
      const view = runView(store, client.commands, end.signal);
      host.replaceChildren(bar, view);
      host.hidden = false;
      view.focus({ preventScroll: true });
    }, (error: unknown) => {
      close();
      trouble(error instanceof Error ? error.message : String(error));
    });
  };
}
