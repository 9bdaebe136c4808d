// A button that copies a text it has told when it is pressed, and says that it did.

import { h } from "../dom";
import { copyWhenThere } from "./clipboard";

const DONE_MS = 1600;

export interface CopyWords {
  /** What the button says. */
  label: string;
  /** Its whole name, for those who hear it. */
  name: string;
}

/** `cannot`: hears what is wrong, where it cannot be copied. */
export function copyButton({ label, name }: CopyWords, text: () => Promise<string>, cannot: (why: string) => void): HTMLButtonElement {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (what: string): void => {
    button.textContent = what;
    button.setAttribute("aria-label", what === label ? name : what);
  };
  const click = async (): Promise<void> => {
    try {
      if (!(await copyWhenThere(text()))) {
        cannot("This page may not use the clipboard. Select the text and copy it by hand.");
        return;
      }
      say("Copied");
      clearTimeout(timer);
      timer = setTimeout(() => say(label), DONE_MS);
    } catch (error) {
      cannot((error as Error).message);
    }
  };
  const button = h("button", { class: "tlw-btn tlw-small tlw-copy", attrs: { type: "button" }, on: { click: () => void click() } });
  say(label);
  return button;
}
