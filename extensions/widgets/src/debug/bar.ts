// The top of the debugger: who is debugged, where the cursor stands, and every control.

import { h, icon, ICONS, iconButton, setAttr } from "../dom";
import { BADGES } from "../header";
import { rove } from "../roving";
import type { Desk } from "./actions";
import { pick } from "./files";
import type { Forms } from "./forms";
import { MORE } from "./icons";
import type { Menu } from "./menu";
import { SPEEDS, type Speed } from "./play";
import { num } from "./words";

export function bar(desk: Desk, forms: Forms, menu: Menu, onHelp: () => void, signal: AbortSignal): HTMLElement {
  const tools = h("div", { class: "tlw-toolbar", attrs: { role: "toolbar", "aria-label": "Debugger" } },
    travel(desk, signal), place(desk, signal), following(desk, signal),
    h("div", { class: "tlw-toolend" }, driving(desk, forms, menu, signal), files(desk, forms)));
  return h("div", { class: "tlw-debugtop" }, title(desk, onHelp, signal), tools);
}

function title(desk: Desk, onHelp: () => void, signal: AbortSignal): HTMLElement {
  const { store } = desk.session;
  const machine = h("span", { class: "tlw-machine" });
  const run = h("span", { class: "tlw-run" });
  const origin = h("span", { class: "tlw-dim tlw-origin" });
  const states = h("span", { class: "tlw-states" });
  const badge = h("span", { class: "tlw-badge" });
  let shown = "";
  store.bus.on(["track", "stand"], () => {
    const info = store.a?.info;
    machine.textContent = info?.face.machine ?? "Debugger";
    run.textContent = info?.run ?? "";
    origin.textContent = info?.forked_from ? `fork of ${info.forked_from} at ${num(info.forked_at ?? 0)}` : "";
    const status = store.stand?.status ?? info?.status ?? "closed";
    const held = store.stand?.held && status === "running";
    badge.textContent = held ? "held" : BADGES[status];
    badge.dataset.status = held ? "stopped" : status;
  }, signal);
  store.bus.on(["cursor", "track"], () => {
    const track = store.a;
    const text = track?.state(store.cursor) ?? "";
    if (text === shown) return;
    shown = text;
    const leaves = track?.rows.has(store.cursor) ? track.leaves(track.rows.state[store.cursor - 1] ?? 0) : [];
    states.replaceChildren(...leaves.map((leaf) => h("span", { class: "tlw-chip", attrs: { title: track?.info.face.titles[leaf] } }, leaf)));
  }, signal);
  return h("header", { class: "tlw-header" }, machine, run, origin, states, h("span", { class: "tlw-grow" }), badge, iconButton(ICONS.help, "Keyboard shortcuts (?)", onHelp));
}

function travel(desk: Desk, signal: AbortSignal): HTMLElement {
  const { store, player } = desk.session;
  const go = (seq: () => number) => (): void => {
    player.stop();
    store.go(seq());
  };
  const back = iconButton(ICONS.left, "Step back (←)", go(() => store.cursor - 1));
  const ahead = iconButton(ICONS.right, "Step forward (→)", go(() => store.cursor + 1));
  const first = iconButton(MORE.first, "To the beginning (Home)", go(() => 0));
  const last = iconButton(MORE.last, "To the end (End)", go(() => store.a?.total ?? 0));
  const play = iconButton(MORE.play, "Play (space)", () => player.toggle());
  const speed = h("select", { class: "tlw-input tlw-speed", attrs: { "aria-label": "Steps a second", title: "Steps a second" } },
    ...SPEEDS.map((one) => h("option", { attrs: { value: one, selected: one === player.speed } }, `${num(one)}/s`)));
  speed.addEventListener("change", () => player.setSpeed(Number(speed.value) as Speed));
  store.bus.on(["play"], () => {
    play.replaceChildren(icon(player.playing ? MORE.pause : MORE.play));
    const label = player.playing ? "Stop playing (space)" : "Play (space)";
    play.title = label;
    play.setAttribute("aria-label", label);
  }, signal);
  store.bus.on(["cursor", "rows", "track"], () => {
    const total = store.a?.total ?? 0;
    first.disabled = back.disabled = store.cursor <= 0;
    last.disabled = ahead.disabled = store.cursor >= total;
    play.disabled = total === 0;
  }, signal);
  const group = h("div", { class: "tlw-toolgroup", attrs: { role: "group", "aria-label": "Travel" } }, first, back, play, ahead, last);
  return h("span", { class: "tlw-toolgroup" }, group, speed);
}

function place(desk: Desk, signal: AbortSignal): HTMLElement {
  const { store, player } = desk.session;
  const input = h("input", { class: "tlw-input tlw-seqinput", attrs: { type: "text", inputmode: "numeric", "aria-label": "Go to seq", spellcheck: "false" } });
  const of = h("span", { class: "tlw-dim tlw-num" });
  const jump = (): void => {
    const seq = Number(input.value.replace(/[,\s]/g, ""));
    player.stop();
    if (Number.isFinite(seq)) store.go(seq);
    input.value = num(store.cursor);
  };
  input.addEventListener("change", jump);
  input.addEventListener("focus", () => input.select());
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") jump();
    else if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    input.value = num(store.cursor);
    input.closest<HTMLElement>(".tlw-debug")?.focus({ preventScroll: true });
  });
  store.bus.on(["cursor", "rows", "track"], () => {
    if (document.activeElement !== input) input.value = num(store.cursor);
    of.textContent = `/ ${num(store.a?.total ?? 0)}`;
  }, signal);
  return h("span", { class: "tlw-toolgroup tlw-seqbox" }, input, of);
}

function following(desk: Desk, signal: AbortSignal): HTMLElement {
  const { store, player } = desk.session;
  const toggle = h("button", { class: "tlw-btn tlw-small tlw-follow", attrs: { type: "button", title: "Stay at the end as the run goes on (f)" } }, "Follow");
  toggle.addEventListener("click", () => {
    player.stop();
    store.setFollow(!store.follow);
  });
  const fresh = h("button", { class: "tlw-chip tlw-new", attrs: { type: "button", title: "To the end" }, on: { click: () => store.setFollow(true) } });
  store.bus.on(["cursor", "rows", "track", "play", "stand"], () => {
    setAttr(toggle, "aria-pressed", String(store.follow));
    toggle.hidden = !store.drivable;
    fresh.hidden = store.follow || store.unseen === 0;
    fresh.textContent = `${num(store.unseen)} new`;
  }, signal);
  return h("span", { class: "tlw-toolgroup" }, toggle, fresh);
}

/** What moves a live run: events, a pause, going on. */
function driving(desk: Desk, forms: Forms, menu: Menu, signal: AbortSignal): HTMLElement {
  const { session } = desk;
  const { store } = session;
  const send = h("button", { class: "tlw-btn tlw-small", attrs: { type: "button", "aria-haspopup": "menu", title: "Send an event to the run" } }, "Send");
  send.addEventListener("click", () => {
    const takes = store.stand?.takes.filter((name) => !name.endsWith("*")) ?? [];
    menu.open("Send an event", [
      ...takes.map((name) => ({ label: name, run: () => forms.send(name) })),
      { label: "Another event …", run: () => forms.sendOther() },
    ], send);
  });
  const pause = h("button", { class: "tlw-btn tlw-small", attrs: { type: "button", title: "Hold the run before its next event" } }, "Pause");
  pause.addEventListener("click", () => void session.ask("pause"));
  const el = h("span", { class: "tlw-toolgroup", attrs: { role: "group", "aria-label": "Drive the run" } }, send, pause);
  store.bus.on(["stand", "track"], () => {
    const held = Boolean(store.stand?.held);
    pause.hidden = held; // the banner says how to go on
    el.hidden = !store.drivable;
  }, signal);
  return el;
}

function files(desk: Desk, forms: Forms): HTMLElement {
  const { session } = desk;
  const { store } = session;
  const take = (): void => pick(".zip,.json,.jsonl,.gz,.traaviis", (file) => {
    desk.say(`importing ${file.name} …`);
    void session.ask("import", { name: file.name, base64: file.base64 }).then((reply) => {
      if (!reply.ok || !reply.run) {
        desk.say("");
        return;
      }
      const known = reply.run === store.a?.run; // importing what is here already brings nothing new
      desk.say(known ? `Run ${reply.run} is here already.` : `Imported as run ${reply.run}.`);
      if (!known) void session.ask("track", { track: "b", run: reply.run });
    });
  }, (text) => session.trouble(text));
  const group = h("span", { class: "tlw-toolgroup", attrs: { role: "group", "aria-label": "Fork and files" } },
    iconButton(MORE.fork, "Fork here …", () => forms.fork(store.cursor)),
    iconButton(MORE.out, "Export this run as a file", () => void session.ask("export")),
    iconButton(MORE.in, "Import a run from a file", take));
  rove(group, "button");
  return group;
}
