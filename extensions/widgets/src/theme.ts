// Light or dark, seen from what is really behind the widget: right in every front end.

const RGB = /rgba?\(\s*(\d+)[,\s]+(\d+)[,\s]+(\d+)(?:[,\s/]+([\d.]+))?/;

/** Keep `data-theme` of `el` at what its surroundings are. */
export function followTheme(el: HTMLElement, signal: AbortSignal): void {
  const look = (): void => {
    const theme = isDark(el) ? "dark" : "light";
    if (el.dataset.theme !== theme) el.dataset.theme = theme;
  };
  const observer = new MutationObserver(() => {
    look();
    setTimeout(look, 300); // stylesheets of a new theme arrive after its name
  });
  const options = { attributes: true, attributeFilter: ["class", "data-jp-theme-name", "style"] };
  observer.observe(document.body, options);
  observer.observe(document.documentElement, options);
  signal.addEventListener("abort", () => observer.disconnect());
  look();
  requestAnimationFrame(look); // when it has been put into the page
}

export function isDark(el: Element): boolean {
  const named = document.body.dataset.jpThemeLight;
  if (named !== undefined) return named === "false";
  if (document.body.classList.contains("vscode-dark")) return true;
  for (let at: Element | null = el.parentElement; at; at = at.parentElement) {
    const found = RGB.exec(getComputedStyle(at).backgroundColor);
    if (found && found[4] !== "0") {
      const [r, g, b] = found.slice(1, 4).map(Number) as [number, number, number];
      return 0.299 * r + 0.587 * g + 0.114 * b < 128;
    }
  }
  return false;
}
