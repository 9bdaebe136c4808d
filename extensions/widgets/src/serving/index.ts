// The entry of the server's widget, an ES module of its own.

import { Commands } from "../commands";
import { h } from "../dom";
import type { Model } from "../model";
import { followTheme } from "../theme";
import { ServingStore } from "./store";
import { servingView } from "./view";

interface Given {
  model: Model;
  el: HTMLElement;
  signal?: AbortSignal;
}

const stores = new Map<string, ServingStore>();

function storeOf(model: Model): ServingStore {
  const key = String(model.get("key"));
  const store = stores.get(key) ?? new ServingStore(model, new Commands(model, key));
  stores.set(key, store);
  return store;
}

function initialize({ model }: Given): () => void {
  const key = String(model.get("key"));
  storeOf(model);
  return () => void stores.delete(key);
}

function render({ model, el, signal }: Given): () => void {
  const end = new AbortController();
  signal?.addEventListener("abort", () => end.abort());
  const store = storeOf(model);
  const root = h("div", { class: "tlw", attrs: { "data-lm-suppress-shortcuts": "true" } });
  el.append(root);
  followTheme(root, end.signal);
  root.append(servingView(store, end.signal));
  store.commands.warm();
  void store.commands.ask("open"); // what was put into the page may be old
  return () => end.abort();
}

export default { initialize, render };
