// Who is connected, who called last first.

import { h } from "../dom";
import { clock } from "../steps";
import type { ServingStore } from "./store";
import type { ClientRow } from "./wire";

const HEADS = ["agent", "protocol", "tenant", "since", "calls"];

export function clients(store: ServingStore, signal: AbortSignal): HTMLElement {
  const body = h("tbody");
  const heads = HEADS.map((name) => h("th", { attrs: { scope: "col" } }, name));
  const table = h("div", { class: "tlw-scroll tlw-sscroll" }, h("table", { class: "tlw-sclients" }, h("thead", {}, h("tr", {}, ...heads)), body));
  const empty = h("p", { class: "tlw-empty" }, "No agent is connected.");
  const more = h("p", { class: "tlw-empty" });
  store.watch((now, changed) => {
    if (!changed.has("clients")) return;
    body.replaceChildren(...now.clients.rows.map(line));
    table.hidden = now.clients.rows.length === 0;
    empty.hidden = !table.hidden;
    more.textContent = now.clients.more ? `and ${now.clients.more} more` : "";
  }, signal);
  return h("div", {}, table, empty, more);
}

function line(row: ClientRow): HTMLElement {
  const about = `${row.name} ${row.version}, token ${row.label || "of the server"}: ${row.scopes.join(", ")}`;
  return h("tr", { attrs: { "data-client": row.id } },
    h("td", { class: "tlw-swho", attrs: { title: about } }, h("b", {}, row.name), row.version ? h("span", { class: "tlw-dim" }, ` ${row.version}`) : null),
    h("td", { class: "tlw-num tlw-dim" }, row.era),
    h("td", { attrs: { title: row.label } }, row.tenant),
    h("td", { class: "tlw-num tlw-dim", attrs: { title: new Date(row.since).toLocaleString() } }, clock(row.since).slice(0, 8)),
    h("td", { class: "tlw-num" }, row.calls.toLocaleString("en")));
}
