/* The run report: steps through recorded steps by switching classes; no network, no innerHTML. */
"use strict";
(() => {
  const ROW = 28, LANE = 18, EVERY = 256, LANES = 14;
  const make = (tag, words, text) => {
    const node = document.createElement(tag);
    if (words) node.className = words;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const clip = (text, most) => (text.length > most ? text.slice(0, most) + "…" : text);
  const show = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const wish = (value) => {
    if (!value || typeof value !== "object" || !value.kind) return show(value);
    const { kind, ...rest } = value;
    return [kind, ...Object.entries(rest).map(([key, one]) => `${key}: ${show(one)}`)].join("  ");
  };
  const empty = (value) =>
    value === null || value === undefined || (typeof value === "object" && !Object.keys(value).length);
  const clock = (at) => {
    if (typeof at !== "number") return at ? String(at) : "";
    const date = new Date(at / 1000);
    return isNaN(date) ? String(at) : date.toISOString().replace("T", " ").replace("Z", "");
  };
  const words = (text) => (text ? text.split(" ").map(decodeURIComponent) : []);
  const tabs = (list, choose) => {
    const all = [...list.querySelectorAll("[role=tab]")];
    const pick = (tab, focus) => {
      for (const one of all) {
        one.setAttribute("aria-selected", String(one === tab));
        one.tabIndex = one === tab ? 0 : -1;
      }
      if (focus) tab.focus();
      choose(all.indexOf(tab));
    };
    list.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) pick(tab);
    });
    list.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const here = all.indexOf(document.activeElement);
      if (move && here >= 0) {
        event.preventDefault();
        event.stopPropagation();
        pick(all[(here + move + all.length) % all.length], true);
      }
    });
  };

  /* Rows that are drawn only while they can be seen, so that 100,000 of them cost nothing. */
  class List {
    constructor(box, count) {
      this.box = box;
      this.count = count;
      this.space = make("div");
      this.space.style.position = "relative";
      this.box.append(this.space);
      this.rows = [];
      this.draw = () => null;
      box.addEventListener("scroll", () => this.paint());
    }
    set(rows, draw, total) {
      this.rows = rows;
      this.draw = draw;
      this.count.textContent =
        rows.length === total ? `${total.toLocaleString("en")} rows`
          : `${rows.length.toLocaleString("en")} of ${total.toLocaleString("en")} rows`;
      this.space.style.height = `${rows.length * ROW}px`;
      this.box.scrollTop = 0;
      this.paint();
    }
    paint() {
      const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - 6);
      const last = Math.min(this.rows.length, first + Math.ceil((this.box.clientHeight || 400) / ROW) + 12);
      const drawn = [];
      for (let at = first; at < last; at++) {
        const row = this.draw(this.rows[at]);
        row.style.top = `${at * ROW}px`;
        drawn.push(row);
      }
      if (!this.rows.length) drawn.push(make("div", "none", "Nothing here."));
      this.space.replaceChildren(...drawn);
    }
    reveal(at) {
      const top = at * ROW, box = this.box;
      if (top < box.scrollTop || top + ROW > box.scrollTop + box.clientHeight) {
        box.scrollTop = Math.max(0, top - box.clientHeight / 2);
      }
      this.paint();
    }
  }

  class Run {
    constructor(root) {
      this.root = root;
      this.at = -1;
      this.timer = 0;
    }
    find(name) {
      return this.root.querySelector(`[data-part="${name}"]`);
    }
    open() {
      if (this.steps) {
        this.plot();
        return;
      }
      const data = JSON.parse(this.root.querySelector("script[type='application/json']").textContent);
      this.data = data;
      this.steps = data.steps;
      this.index();
      this.lay();
      this.wire();
      this.plot();
      if (this.steps.length) this.go(this.steps.length - 1);
      else this.find("what").textContent = "No steps were recorded.";
    }
    index() {
      this.states = new Map();
      this.arrows = new Map();
      for (const node of this.root.querySelectorAll("[data-state]")) this.states.set(node.dataset.state, node);
      for (const node of this.root.querySelectorAll("[data-transitions]")) {
        for (const id of words(node.dataset.transitions)) this.arrows.set(id, node);
      }
      this.seen = new Map();
      this.steps.forEach((step, at) => {
        for (const id of this.data.places[step.p]) if (!this.seen.has(id)) this.seen.set(id, at);
      });
      this.lit = [];
      this.kept = new Map();
    }
    /* Data after a step: from the last full copy, then change by change. */
    after(at) {
      if (at < 0) return {};
      if (this.last && this.last.at === at) return this.last.data;
      let from = at - (at % EVERY), data;
      if (this.last && this.last.at < at && this.last.at >= from) {
        from = this.last.at + 1;
        data = { ...this.last.data };
      } else {
        data = { ...(this.data.full[from / EVERY] || {}) };
        from += 1;
      }
      for (let one = from; one <= at; one++) {
        Object.assign(data, this.steps[one].d || {});
        for (const key of this.steps[one].x || []) delete data[key];
      }
      this.last = { at, data };
      return data;
    }
    lay() {
      const used = new Map();
      this.steps.forEach((step) => {
        for (const id of this.data.places[step.p]) {
          if (this.data.leaves.includes(id)) used.set(id, (used.get(id) || 0) + 1);
        }
      });
      const most = [...used].sort((a, b) => b[1] - a[1]).slice(0, LANES).map(([id]) => id);
      this.lanes = this.data.leaves.filter((id) => most.includes(id));
      this.lane = new Map();
      for (const id of this.lanes) {
        const item = make("li", "", this.data.names[id] || id);
        item.title = id;
        this.lane.set(id, item);
      }
      const more = [...this.lane.values()];
      if (this.data.refused.length) more.push(make("li", "", "refused"));
      this.find("lanes").replaceChildren(...more);
      const ends = this.steps.length ? [this.steps[0], this.steps[this.steps.length - 1]] : [];
      this.find("span").replaceChildren(...ends.map((step) => make("span", "", clock(step.a).slice(0, 19))));
    }
    wire() {
      const slide = this.find("slide");
      slide.max = Math.max(0, this.steps.length - 1);
      slide.addEventListener("input", () => this.go(Number(slide.value)));
      const act = { first: () => this.go(0), back: () => this.go(this.at - 1), play: () => this.play(),
        next: () => this.go(this.at + 1), last: () => this.go(this.steps.length - 1) };
      for (const [name, does] of Object.entries(act)) this.find(name).addEventListener("click", does);
      const plot = this.find("plot");
      const seek = (event) => {
        const box = plot.getBoundingClientRect();
        this.go(Math.floor(((event.clientX - box.left) / box.width) * this.steps.length));
      };
      plot.addEventListener("pointerdown", (event) => {
        plot.setPointerCapture(event.pointerId);
        seek(event);
      });
      plot.addEventListener("pointermove", (event) => event.buttons && seek(event));
      this.list = new List(this.find("list"), this.find("count"));
      this.filter = this.find("filter");
      this.filter.addEventListener("input", () => this.fill());
      this.kind = "steps";
      tabs(this.find("kinds"), (at) => {
        this.kind = ["steps", "facts", "refused"][at];
        this.fill();
      });
      this.fill();
      const zoom = this.find("zoom");
      zoom.addEventListener("click", () => {
        const wide = this.find("picture").classList.toggle("wide");
        zoom.textContent = wide ? "Fit" : "Full size";
        zoom.setAttribute("aria-pressed", String(wide));
      });
    }
    key(event) {
      const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
      if (move) this.go(this.at + move);
      else if (event.key === "Home") this.go(0);
      else if (event.key === "End") this.go(this.steps.length - 1);
      else if (event.key === " ") this.play();
      else return;
      event.preventDefault();
    }
    play() {
      const button = this.find("play");
      if (this.timer) {
        clearInterval(this.timer);
        this.timer = 0;
      } else {
        if (this.at >= this.steps.length - 1) this.go(0);
        this.timer = setInterval(() => {
          if (this.at >= this.steps.length - 1) this.play();
          else this.go(this.at + 1, true);
        }, 450);
      }
      button.classList.toggle("playing", Boolean(this.timer));
      button.setAttribute("aria-label", this.timer ? "Pause" : "Play");
    }
    go(at, playing) {
      at = Math.max(0, Math.min(this.steps.length - 1, at));
      if (!this.steps.length || at === this.at) return;
      this.at = at;
      if (this.timer && !playing) this.play();
      const step = this.steps[at], active = this.data.places[step.p];
      this.mark(step, active, at);
      const slide = this.find("slide");
      slide.value = at;
      const here = active.filter((id) => this.data.leaves.includes(id)).map((id) => this.data.names[id] || id);
      slide.setAttribute("aria-valuetext", `step ${at + 1}, ${step.e || "start"}, now in ${here.join(", ")}`);
      this.find("place").textContent = `${(at + 1).toLocaleString("en")} of ${this.steps.length.toLocaleString("en")}`;
      this.find("now").style.left = `${((at + 0.5) / this.steps.length) * 100}%`;
      for (const [id, item] of this.lane) item.classList.toggle("on", active.includes(id));
      this.inspect(step, here, at);
      if (this.kind === "steps" && this.list) this.list.reveal(this.list.rows.indexOf(at));
    }
    mark(step, active, at) {
      for (const [node, word] of this.lit) node.classList.remove(word);
      this.lit = [];
      const light = (node, word) => {
        if (!node) return;
        node.classList.add(word);
        this.lit.push([node, word]);
      };
      for (const [id, first] of this.seen) if (first <= at) light(this.states.get(id), "tl-visited");
      for (const id of active) {
        const node = this.states.get(id);
        light(node, "tl-active");
        if (node && node.classList.contains("tl-leaf")) {
          for (const [key, arrow] of this.arrows) {
            if (arrow.classList.contains("tl-inner") && key.startsWith(`${id}#`)) light(arrow, "tl-inside-active");
          }
        }
      }
      for (const id of step.t || []) light(this.arrows.get(id), "tl-taken");
    }
    inspect(step, here, at) {
      this.find("what").textContent = step.e || "start";
      this.find("when").textContent = [`seq ${step.s}`, clock(step.a)].filter(Boolean).join(" · ");
      const chips = (name, items, word) => {
        this.find(name).replaceChildren(...items.map((item) => make("li", word, clip(item, 200))));
        this.find(name).parentElement.hidden = !items.length;
      };
      chips("state", here, "on");
      chips("taken", (step.t || []).map((id) => this.data.arrows[id] || id), "hot");
      chips("effects", (step.f || []).map(wish), "");
      this.find("event").parentElement.hidden = empty(step.v);
      this.find("event").textContent = empty(step.v) ? "" : JSON.stringify(step.v, null, 2);
      const before = this.after(at - 1), data = this.after(at);
      const changed = at ? new Set([...Object.keys(step.d || {}), ...(step.x || [])]) : new Set();
      const keys = [...new Set([...Object.keys(data), ...changed])];
      this.find("data").replaceChildren(...keys.slice(0, 400).map((key) => {
        const row = make("tr", changed.has(key) ? "new" : ""), cell = make("td");
        const head = make("th", "", clip(key, 120));
        head.scope = "row";
        cell.append(key in data ? clip(show(data[key]) ?? "", 1500) : "(gone)");
        if (changed.has(key) && key in before) cell.append(make("del", "", clip(show(before[key]) ?? "", 200)));
        row.append(head, cell);
        return row;
      }));
      this.find("nodata").hidden = keys.length > 0;
    }
    fill() {
      const text = this.filter.value.trim().toLowerCase();
      const cells = (row, ...parts) => {
        for (const [word, value] of parts) {
          const cell = make("span", word, clip(String(value ?? ""), 400));
          cell.title = clip(String(value ?? ""), 1000);
          row.append(cell);
        }
        return row;
      };
      const time = (at) => clock(at).slice(11);
      if (this.kind === "steps") {
        const wanted = this.steps.map((_, at) => at).filter((at) => !text || this.text(at).includes(text));
        this.list.set(wanted, (at) => {
          const step = this.steps[at];
          const row = make("div", `row go${at === this.at ? " here" : ""}`);
          row.addEventListener("click", () => this.go(at));
          const leaves = this.data.places[step.p].filter((id) => this.data.leaves.includes(id));
          return cells(row, ["n", step.s], ["t", time(step.a)], ["e", step.e || "start"],
            ["k", leaves.join(", ")], ["r", `${(step.t || []).join(" ")}  ${empty(step.v) ? "" : show(step.v)}`]);
        }, this.steps.length);
        return;
      }
      const all = this.kind === "facts" ? this.data.facts : this.data.refused;
      const wanted = text ? all.filter((fact) => fact.join(" ").toLowerCase().includes(text)) : all;
      this.list.set(wanted, (fact) => cells(make("div", `row${this.kind === "refused" ? " bad" : ""}`),
        ["n", fact[0]], ["t", time(fact[1])], ["k", fact[2]], ["e", fact[3]], ["r", fact[4]]), all.length);
    }
    text(at) {
      const step = this.steps[at];
      return [step.s, step.e, this.data.places[step.p].join(" "), (step.t || []).join(" "),
        empty(step.v) ? "" : show(step.v)].join(" ").toLowerCase();
    }
    plot() {
      const canvas = this.find("canvas"), count = this.steps.length;
      const rows = this.lanes.length + (this.data.refused.length ? 1 : 0);
      const wide = canvas.clientWidth || 600, tall = Math.max(1, rows) * LANE, sharp = window.devicePixelRatio || 1;
      canvas.width = wide * sharp;
      canvas.height = tall * sharp;
      canvas.style.height = `${tall}px`;
      const pen = canvas.getContext("2d"), look = getComputedStyle(document.documentElement);
      pen.scale(sharp, sharp);
      pen.fillStyle = look.getPropertyValue("--code");
      for (let lane = 0; lane < rows; lane++) pen.fillRect(0, lane * LANE + 4, wide, LANE - 8);
      pen.fillStyle = look.getPropertyValue("--accent");
      const x = (at) => (at / Math.max(1, count)) * wide;
      this.lanes.forEach((id, lane) => {
        let from = -1;
        for (let at = 0; at <= count; at++) {
          const on = at < count && this.data.places[this.steps[at].p].includes(id);
          if (on && from < 0) from = at;
          if (!on && from >= 0) {
            pen.fillRect(x(from), lane * LANE + 4, Math.max(1, x(at) - x(from)), LANE - 8);
            from = -1;
          }
        }
      });
      pen.fillStyle = look.getPropertyValue("--bad");
      const seqs = this.steps.map((step) => step.s);
      for (const fact of this.data.refused) {
        let low = 0, high = seqs.length;
        while (low < high) {
          const half = (low + high) >> 1;
          if (seqs[half] < fact[0]) low = half + 1;
          else high = half;
        }
        pen.fillRect(x(low), (rows - 1) * LANE + 3, 1.5, LANE - 6);
      }
    }
  }

  const runs = [...document.querySelectorAll(".run")].map((node) => new Run(node));
  let now = 0;
  const open = (at) => {
    if (runs[now].timer) runs[now].play();
    now = at;
    runs.forEach((run, number) => (run.root.hidden = number !== at));
    runs[at].open();
  };
  const list = document.getElementById("runs");
  if (list) tabs(list, open);
  if (runs.length) open(0);
  document.addEventListener("keydown", (event) => {
    const busy = event.target.closest("input[type=search], button, [role=tab], .list, .picture, .scroll, pre");
    const slider = event.target.matches("input[type=range]") && event.key !== " ";
    if (runs.length && !busy && !slider && !event.ctrlKey && !event.metaKey && !event.altKey) runs[now].key(event);
  });
  const theme = document.getElementById("theme");
  const looks = ["auto", "light", "dark"];
  theme.addEventListener("click", () => {
    const next = looks[(looks.indexOf(theme.dataset.look || "auto") + 1) % looks.length];
    theme.dataset.look = next;
    theme.textContent = `Theme: ${next}`;
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    if (runs.length) runs[now].plot();
  });
  /* Paper is white: print in light colours whatever the screen shows. */
  const paper = document.documentElement.dataset;
  window.addEventListener("beforeprint", () => {
    paper.theme = "light";
    if (runs.length) runs[now].plot();
  });
  window.addEventListener("afterprint", () => {
    if (theme.dataset.look === "light" || theme.dataset.look === "dark") paper.theme = theme.dataset.look;
    else delete paper.theme;
    if (runs.length) runs[now].plot();
  });
  let waiting = 0;
  window.addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => runs.length && runs[now].plot());
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => runs.length && runs[now].plot());
})();
