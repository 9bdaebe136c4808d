// Put a text on the clipboard that is still on its way, in every front end that has one.

import { h } from "../dom";

/** False where the page may not. Rejects where the text does not come. */
export async function copyWhenThere(text: Promise<string>): Promise<boolean> {
  // a promise is handed over at once: Safari forgets the click while one waits
  if (typeof ClipboardItem !== "undefined") {
    try {
      const blob = text.then((said) => new Blob([said], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
      return true;
    } catch {
      // not here; or the text does not come, which is found out below
    }
  }
  const said = await text;
  try {
    await navigator.clipboard.writeText(said);
    return true;
  } catch {
    return byCommand(said); // a page over plain HTTP from another machine has nothing else
  }
}

function byCommand(text: string): boolean {
  const before = document.activeElement;
  const box = h("textarea", { attrs: { "aria-hidden": "true", tabindex: -1, style: "position:fixed;opacity:0" } });
  box.value = text;
  document.body.append(box);
  box.select();
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    box.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}
