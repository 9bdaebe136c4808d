// The debugger on the screen: bar, timeline, picture, tabs, and the keys that work in all of it.

import { Announcer } from "../announce";
import { GO } from "../costs/go";
import { h } from "../dom";
import { helpCard } from "../help";
import { notices } from "../notices";
import { arrowMenu, stateMenu, type Desk } from "./actions";
import { bar } from "./bar";
import { BreakpointsTab, toggleHere } from "./breakpoints_tab";
import { CompareTab } from "./compare_tab";
import { CostsTab } from "./costs_tab";
import { DataTab } from "./data_tab";
import { EffectsTab } from "./effects_tab";
import { Forms } from "./forms";
import { ForksTab } from "./forks_tab";
import { heldBanner } from "./held";
import { DEBUG_KEYS, onDebugKey, type KeyVerbs } from "./keys";
import { Log } from "./log";
import { Menu } from "./menu";
import { keepFocus } from "./renew";
import { seekBad } from "./seek";
import type { Session } from "./session";
import { Stage, type Pressed } from "./stage";
import { Tabs } from "./tabs";
import { Timeline } from "./timeline";
import { WhyTab } from "./why_tab";
import { words } from "./words";

const TOAST_MS = 4000;

export function debugView(session: Session, signal: AbortSignal): HTMLElement {
  return new View(session, signal).el;
}

class View {
  readonly el: HTMLElement;
  private readonly desk: Desk;
  private readonly announcer = new Announcer();
  private readonly toast = h("div", { class: "tlw-toast", attrs: { hidden: true } });
  private readonly help = helpCard(DEBUG_KEYS);
  private readonly menu: Menu;
  private readonly forms: Forms;
  private readonly log: Log;
  private readonly data: DataTab;
  private readonly tabs: Tabs;
  private keepFocus = (): void => undefined;
  private fading: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly session: Session, signal: AbortSignal) {
    const said = notices(null, session.commands, signal);
    this.menu = new Menu(signal);
    this.forms = new Forms(() => this.desk);
    const why = new WhyTab((this.desk = this.makeDesk((answer) => why.show(answer))));
    this.log = new Log(this.desk, this.menu, signal);
    this.data = new DataTab(this.desk, this.menu, signal);
    const stages = this.stages(signal);
    const effects = new EffectsTab(this.desk, signal);
    const costs = new CostsTab(this.desk, signal);
    const compare = new CompareTab(this.desk, (on) => stages.both(on), signal);
    const redraw = (): void => session.store.bus.touch("cursor");
    this.tabs = new Tabs("What to look at", [
      { id: "data", title: "Data", el: this.data.el, shown: redraw },
      { id: "log", title: "Log", el: this.log.el, shown: () => this.showLog() },
      { id: "effects", title: "Effects", el: effects.el, shown: redraw },
      { id: "breakpoints", title: "Breakpoints", el: new BreakpointsTab(this.desk, signal).el },
      { id: "forks", title: "Forks", el: new ForksTab(this.desk, signal).el },
      { id: "compare", title: "Compare", el: compare.el, shown: () => compare.shown() },
      { id: "why", title: "Why", el: why.el },
      { id: "costs", title: "Costs", el: costs.el, shown: redraw },
    ]);
    const attrs = { role: "group", "aria-label": "Debugger", tabindex: 0 };
    this.el = h("div", { class: "tlw-debug", attrs },
      bar(this.desk, this.forms, this.menu, this.help.toggle, signal), this.help.el, said.el, heldBanner(this.desk, signal), this.forms.el,
      new Timeline(session, signal).el,
      h("div", { class: "tlw-debugbody" }, stages.el, this.tabs.el), this.toast, this.announcer.el, this.menu.el);
    const trouble = (text: string, hint?: string): void => (text ? said.trouble(text, hint) : said.calm());
    session.troubles.add(trouble);
    signal.addEventListener("abort", () => {
      session.troubles.delete(trouble);
      clearTimeout(this.fading);
    });
    this.el.addEventListener("keydown", (event) => onDebugKey(event, session, this.verbs()), { signal });
    this.watch(signal);
    document.addEventListener(GO, (event) => {
      const { run, seq } = (event as CustomEvent<{ run: string; seq: number }>).detail;
      if (run === session.store.a?.run) session.store.go(seq);
    }, { signal });
  }

  private makeDesk(answer: Desk["answer"]): Desk {
    return {
      session: this.session,
      say: (text) => this.say(text),
      show: (tab) => {
        this.tabs.show(tab);
        this.keepFocus(); // it may be on the page that is hidden now
      },
      answer,
      changeEvent: (seq) => void this.forms.changeEvent(seq),
      forkForm: (seq) => this.forms.fork(seq),
    };
  }

  private stages(signal: AbortSignal): { el: HTMLElement; both: (on: boolean) => void } {
    const { store } = this.session;
    const press = (pressed: Pressed): void => {
      const { state, arrow, at } = pressed;
      if (state !== undefined) this.menu.open(state, stateMenu(this.desk, state), at);
      else if (arrow) this.menu.open(arrow[0] ?? "", arrowMenu(this.desk, arrow, this.eventOf(arrow)), at);
    };
    const first = new Stage(store, "a", press, signal);
    const second = new Stage(store, "b", () => undefined, signal);
    const el = h("div", { class: "tlw-stages" }, first.el, second.el);
    let one = false;
    const settle = (): void => {
      second.el.hidden = !store.b || one;
      el.classList.toggle("tlw-two", !second.el.hidden);
      el.classList.toggle("tlw-beside", first.fitsBeside(el.clientWidth, el.clientHeight));
      if (first.both !== (one && store.b !== null)) first.setBoth(one && store.b !== null);
    };
    store.bus.on(["track"], () => {
      if (!store.b) one = false;
      settle();
    }, signal);
    return { el, both: (on) => {
      one = on;
      settle();
    } };
  }

  /** The event that takes an arrow, where the run says so or it was taken once. */
  private eventOf(ids: readonly string[]): string {
    const { stand, a, cursor } = this.session.store;
    const ready = ids.map((id) => stand?.arrows[id]).find((name) => name && name !== "!");
    if (ready) return ready;
    const took = (seq: number): boolean => a?.kind(seq) === "event" && a.taken(seq).some((id) => ids.includes(id));
    const seq = a?.seek(cursor + 1, -1, took) ?? 0;
    return seq ? a?.name(seq) ?? "" : "";
  }

  private verbs(): KeyVerbs {
    const { session } = this;
    return {
      help: () => this.help.toggle(),
      escape: () => this.escape(),
      search: () => {
        this.tabs.show("log");
        this.log.focusSearch();
      },
      breakpoint: () => toggleHere(this.desk),
      row: (by) => session.store.go(this.log.beside(by)),
      change: (by) => this.nextChange(by),
      tab: (index) => this.tabs.show(["data", "log", "effects", "breakpoints", "forks", "compare", "why", "costs"][index] ?? ""),
    };
  }

  private nextChange(by: 1 | -1): void {
    const [field] = this.session.store.pinnedFields;
    if (field !== undefined) {
      void this.data.jump(field, by);
      return;
    }
    void seekBad(this.session, by).then((seq) => {
      if (seq) this.session.store.go(seq);
      else this.say(`Nothing went wrong ${by > 0 ? "after" : "before"} here.`);
    });
  }

  private escape(): boolean {
    if (this.menu.isOpen) this.menu.close();
    else if (this.forms.isOpen) this.forms.close();
    else return this.help.close();
    return true;
  }

  private showLog(): void {
    this.log.shown();
    this.session.store.bus.touch("cursor");
  }

  private say(text: string): void {
    this.toast.textContent = text;
    clearTimeout(this.fading);
    this.toast.hidden = !text;
    if (!text) return;
    this.announcer.say(text);
    this.fading = setTimeout(() => (this.toast.hidden = true), TOAST_MS);
  }

  private watch(signal: AbortSignal): void {
    const { store, player } = this.session;
    let first = true;
    store.bus.on(["cursor"], () => {
      if (!first && !player.playing && store.a && this.el.contains(document.activeElement)) this.announcer.say(words(store.a, store.cursor));
      first = false;
    }, signal);
    this.keepFocus = keepFocus(this.el, signal);
    store.bus.on(["track", "rows", "cursor", "page", "stand", "tree", "compare", "pins", "play"], this.keepFocus, signal);
    let refused = store.stand?.refused?.seq ?? 0;
    store.bus.on(["stand"], () => {
      const news = store.stand?.refused;
      if (news && news.seq > refused && !first) this.session.trouble(news.reason.includes(news.event) ? news.reason : `${news.event}: ${news.reason}`, news.hint);
      refused = news?.seq ?? refused;
    }, signal);
    store.bus.on(["stand", "tree", "compare"], () => {
      this.tabs.badge("breakpoints", store.stand?.breakpoints.length ?? 0);
      this.tabs.badge("forks", Math.max(0, store.tree.length - 1));
      this.tabs.badge("compare", store.compare ? "•" : 0);
    }, signal);
  }
}
