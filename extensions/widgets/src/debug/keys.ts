// The keys of the debugger, and the list of them.

import type { Keys } from "../help";
import type { Session } from "./session";

export const DEBUG_KEYS: Keys = [
  ["←  →", "step back, forward"],
  ["Shift ←  →", "ten steps"],
  ["Home  End", "to the beginning, the end"],
  ["space", "play, stop"],
  ["f", "follow a live run"],
  ["b", "breakpoint on the state here"],
  ["/", "search the log"],
  ["j  k", "next, last row of the log"],
  ["n  p", "next, last change of the pinned field; without one, next and last error"],
  ["↑  ↓", "through the fields, the rows, a menu that has the focus"],
  ["m", "menu of a row or a field"],
  ["1 … 8", "go to a tab"],
  ["+  −  0", "zoom the picture or timeline that has the focus"],
  ["Ctrl wheel", "zoom at the pointer"],
  ["Esc", "close a menu, a form, this list"],
];

export interface KeyVerbs {
  help(): void;
  /** Close what is open; false where nothing is. */
  escape(): boolean;
  search(): void;
  breakpoint(): void;
  row(by: 1 | -1): void;
  change(by: 1 | -1): void;
  tab(index: number): void;
}

export function onDebugKey(event: KeyboardEvent, session: Session, verbs: KeyVerbs): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (verbs.escape()) used(event);
    return;
  }
  if (target.closest("input:not([type=checkbox]), textarea, select, [role=menu]")) return;
  if (event.key === " " && target.closest("button, summary, input")) return; // presses it
  if (act(event, session, verbs)) used(event);
}

function act(event: KeyboardEvent, { store, player }: Session, verbs: KeyVerbs): boolean {
  const travel = (seq: number): void => {
    player.stop();
    store.go(seq);
  };
  const by = event.shiftKey ? 10 : 1;
  switch (event.key) {
    case "ArrowLeft": travel(store.cursor - by); break;
    case "ArrowRight": travel(store.cursor + by); break;
    case "Home": travel(0); break;
    case "End": travel(store.a?.total ?? 0); break;
    case " ": player.toggle(); break;
    case "f":
      player.stop();
      store.setFollow(!store.follow);
      break;
    case "b": verbs.breakpoint(); break;
    case "/": verbs.search(); break;
    case "?": verbs.help(); break;
    case "j": verbs.row(1); break;
    case "k": verbs.row(-1); break;
    case "n": verbs.change(1); break;
    case "p": verbs.change(-1); break;
    default:
      if (!/^[1-8]$/.test(event.key)) return false;
      verbs.tab(Number(event.key) - 1);
  }
  return true;
}

function used(event: KeyboardEvent): void {
  event.preventDefault();
  event.stopPropagation();
}
