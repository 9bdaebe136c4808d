// The entry of the costs widget, an ES module of its own, so that others do not carry its plotter.

import { Commands } from "../commands";
import { h } from "../dom";
import type { Model } from "../model";
import { notices } from "../notices";
import { followTheme } from "../theme";
import { manyView } from "./many_view";
import { runView } from "./run_view";
import { CostsStore } from "./store";

interface Given {
  model: Model;
  el: HTMLElement;
  signal?: AbortSignal;
}

const stores = new Map<string, CostsStore>();

function storeOf(model: Model): CostsStore {
  const key = String(model.get("key"));
  const store = stores.get(key) ?? new CostsStore(model, new Commands(model, key));
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
  const said = notices(null, store.commands, end.signal);
  store.trouble = (text, hint) => (text ? said.trouble(text, hint) : said.calm());
  const view = store.face.many ? manyView(store, end.signal) : runView(store, end.signal);
  root.append(said.el, view.el);
  const themes = new MutationObserver(() => view.plots.forEach((plot) => plot.renew()));
  themes.observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  end.signal.addEventListener("abort", () => themes.disconnect());
  store.commands.warm();
  void store.commands.ask("open"); // what was put into the page may be old
  return () => end.abort();
}

export default { initialize, render };
