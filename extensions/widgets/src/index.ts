// The entry anywidget calls. `initialize` only remembers: what is slow there loses messages.

import { Client } from "./client";
import { Commands } from "./commands";
import { Session } from "./debug/session";
import { debugView } from "./debug/view";
import { h } from "./dom";
import type { Model } from "./model";
import { panel } from "./panel";
import { runView } from "./run_view";
import { followTheme } from "./theme";

interface Given {
  model: Model;
  el: HTMLElement;
  signal?: AbortSignal;
}

/** By the widget's key: the proxies anywidget hands out differ between calls. */
const clients = new Map<string, Client>();

function clientOf(model: Model): Client {
  const key = String(model.get("key"));
  const client = clients.get(key) ?? new Client(model);
  clients.set(key, client);
  return client;
}

const sessions = new Map<string, Session>();

function sessionOf(model: Model): Session {
  const key = String(model.get("key"));
  const session = sessions.get(key) ?? new Session(model, new Commands(model, key));
  sessions.set(key, session);
  return session;
}

function isDebugger(model: Model): boolean {
  return model.get("mode") === "debug";
}

function initialize({ model }: Given): () => void {
  const key = String(model.get("key"));
  if (isDebugger(model)) sessionOf(model);
  else clientOf(model);
  return () => {
    clients.delete(key);
    sessions.get(key)?.close();
    sessions.delete(key);
  };
}

function render({ model, el, signal }: Given): () => void {
  const end = new AbortController();
  signal?.addEventListener("abort", () => end.abort());
  // JupyterLab would take single keys (1, d, f) for its own commands
  const root = h("div", { class: "tlw", attrs: { "data-lm-suppress-shortcuts": "true" } });
  el.append(root);
  followTheme(root, end.signal);
  if (isDebugger(model)) {
    const session = sessionOf(model);
    root.append(debugView(session, end.signal));
    session.commands.warm();
    session.open();
    return () => end.abort();
  }
  const client = clientOf(model);
  const [store] = client.runs.values();
  if (client.board) root.append(panel(client, end.signal));
  else if (store) root.append(runView(store, client.commands, end.signal));
  client.commands.warm();
  return () => end.abort();
}

export default { initialize, render };
