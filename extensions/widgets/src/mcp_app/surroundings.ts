// Look as the host looks, and tell it how much room the page needs.

import { object, type Host, type Json } from "./host";

/** Take over what a (partial) host context says of theme, colours and room. */
export function dress(context: Json): void {
  const root = document.documentElement;
  if (context.theme === "light" || context.theme === "dark") {
    root.dataset.theme = context.theme;
    root.style.colorScheme = context.theme;
  }
  const variables = object(object(context.styles).variables);
  for (const [name, value] of Object.entries(variables)) {
    if (/^--[a-z0-9-]+$/.test(name) && typeof value === "string") root.style.setProperty(name, value);
  }
  const room = object(context.containerDimensions);
  const most = typeof room.height === "number" ? room.height : room.maxHeight;
  if (typeof most === "number") root.style.setProperty("--ta-most", `${Math.max(160, most - 150)}px`);
}

/** Tell the host whenever the page has become larger or smaller. */
export function tellSize(host: Host, page: HTMLElement): void {
  let told = "";
  const look = (): void => {
    const width = Math.ceil(document.documentElement.clientWidth);
    const height = Math.ceil(page.getBoundingClientRect().height);
    if (told === `${width}x${height}`) return;
    told = `${width}x${height}`;
    host.tell("ui/notifications/size-changed", { width, height });
  };
  new ResizeObserver(() => requestAnimationFrame(look)).observe(page);
}
