// One tab stop for a row of buttons; arrow keys, Home and End move inside it.

const STEPS: Partial<Record<string, (at: number, count: number) => number>> = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  ArrowUp: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** Listen on `group`; its items are what `selector` finds in it at that time. */
export function rove(group: HTMLElement, selector: string): () => void {
  const items = (): HTMLElement[] => [...group.querySelectorAll<HTMLElement>(selector)];
  const settle = (chosen?: HTMLElement): void => {
    const all = items();
    const current = chosen ?? all.find((item) => item.tabIndex === 0) ?? all[0];
    for (const item of all) item.tabIndex = item === current ? 0 : -1;
  };
  group.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const all = items();
    const at = all.indexOf(event.target as HTMLElement);
    if (!step || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = all[step(at, all.length)];
    settle(next);
    next?.focus();
  });
  group.addEventListener("focusin", (event) => {
    const all = items();
    if (all.includes(event.target as HTMLElement)) settle(event.target as HTMLElement);
  });
  settle();
  return settle;
}
