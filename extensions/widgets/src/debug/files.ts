// Files in and out of the page: what Python sends is saved, what a person picks is read.

import { h } from "../dom";

/** Above this the text of a command would be too large for a notebook server's messages. */
export const MAX_FILE = 64 * 2 ** 20;

export function save(name: string, mime: string, buffers: readonly ArrayBufferView[]): void {
  const parts = buffers.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice());
  const url = URL.createObjectURL(new Blob(parts, { type: mime }));
  const link = h("a", { attrs: { href: url, download: name, hidden: true } });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export interface Picked {
  name: string;
  base64: string;
}

/** Let a person pick one file. */
export function pick(accept: string, taken: (file: Picked) => void, trouble: (text: string) => void): void {
  const input = h("input", { attrs: { type: "file", accept, hidden: true } });
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    input.remove();
    if (!file) return;
    if (file.size > MAX_FILE) {
      trouble(`${file.name} has ${file.size.toLocaleString("en")} bytes: too many for the browser. lab.import_run(path) takes it.`);
      return;
    }
    void file.arrayBuffer().then(
      (bytes) => taken({ name: file.name, base64: base64(new Uint8Array(bytes)) }),
      () => trouble(`${file.name} cannot be read.`),
    );
  });
  input.addEventListener("cancel", () => input.remove());
  document.body.append(input);
  input.click();
}

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** Put text on the clipboard; false where the page may not. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
