// A lab's server on the screen: questions first, then how to reach it, who calls, and what for.

import { Announcer } from "../announce";
import { h } from "../dom";
import { notices } from "../notices";
import { Questions } from "../questions";
import { address } from "./address";
import { calls } from "./calls";
import { clients } from "./clients";
import { connect } from "./connect";
import { power } from "./power";
import { toolSets } from "./sets";
import type { ServingStore } from "./store";

export function servingView(store: ServingStore, signal: AbortSignal): HTMLElement {
  const said = notices(null, store.commands, signal);
  const trouble = (text: string, hint?: string): void => said.trouble(text, hint);
  const announcer = new Announcer();
  const questions = new Questions(store.commands, trouble, signal);
  const title = h("span", { class: "tlw-run" });
  const badge = h("span", { class: "tlw-badge" });
  const rate = h("span", { class: "tlw-seq", attrs: { title: "calls a second over the last ten seconds" } });
  const stopped = h("p", { class: "tlw-empty tlw-sstopped" }, "No agent can call. Serving again makes a new address and a new token; in cells: ", h("code", {}, "lab.serve_mcp()"));
  const how = section("Connect an agent", connect(store, signal));
  const count = h("span", { class: "tlw-dim tlw-scount" });
  const who = section(["Agents", count], clients(store, signal));
  const head = h("header", { class: "tlw-header" }, h("span", { class: "tlw-machine" }, "MCP server"), title, badge, h("span", { class: "tlw-grow" }), rate, power(store, trouble, signal));
  store.watch((now, changed) => {
    title.textContent = now.title;
    rate.textContent = `${now.rate.toLocaleString("en")} calls/s`;
    rate.hidden = !now.serving;
    count.textContent = String(now.clients.rows.length + now.clients.more || "");
    if (changed.has("questions")) questions.draw(now.questions);
    if (!changed.has("serving")) return;
    const word = now.serving ? "serving" : "stopped";
    if (badge.textContent && badge.textContent !== word) announcer.say(`The MCP server is ${word}.`);
    badge.textContent = word;
    badge.dataset.status = now.serving ? "running" : "stopped";
    stopped.hidden = now.serving;
    how.hidden = who.hidden = !now.serving;
  }, signal);
  const attrs = { role: "group", tabindex: -1, "aria-label": "MCP server of this lab" };
  return h("div", { class: "tlw-serving", attrs }, head, questions.el, said.el,
    h("div", { class: "tlw-sgrid" },
      h("div", {}, h("section", { class: "tlw-section", attrs: { "aria-label": "Address" } }, address(store, trouble, signal), stopped), section("Tool sets", toolSets(store, trouble, signal))),
      how),
    who, section("Last calls", calls(store, signal)), questions.said, announcer.el);
}

function section(title: string | [string, HTMLElement], body: HTMLElement): HTMLElement {
  const [name, more] = typeof title === "string" ? [title, null] : title;
  return h("section", { class: "tlw-section", attrs: { "aria-label": name } }, h("h3", { class: "tlw-head" }, name, more), body);
}
