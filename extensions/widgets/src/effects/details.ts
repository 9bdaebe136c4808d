// What one effect asked, said, answered or failed with, in full.

import { h } from "../dom";
import type { EffectError, Json } from "../wire";
import type { Branch } from "./model";

const LONGEST = 1200;

export function detailsOf(branch: Branch): HTMLElement {
  const { row, spec } = branch;
  const lines: HTMLElement[] = [];
  const line = (name: string, ...value: (Node | string)[]): void => void lines.push(h("dt", {}, name), h("dd", {}, ...value));
  const code = (name: string, value: Json | undefined): void => {
    if (value !== undefined && value !== null) line(name, h("code", {}, textOf(value)));
  };
  line("place", row?.owner ? `${branch.path}, asked for by entering ${row.owner}` : branch.path);
  code("effect", spec ?? undefined);
  if (row && row.starts > 1) line("started", `${row.starts} times: the process ended while it was under way`);
  if (row?.message) line("said last", row.message);
  if (row?.question) line("question", row.question);
  code("result", row?.result);
  if (row?.error) errorLines(row.error).forEach(([name, text]) => line(name, h("span", { class: "tlw-badtext" }, text)));
  if (branch.began) line("began", new Date(branch.began).toLocaleString());
  return h("dl", { class: "tlw-facts tlw-fxdetails" }, ...lines);
}

/** An error with what led to it and what failed beside it. */
export function errorLines(error: EffectError): [string, string][] {
  const text = ({ kind, message, hint, status }: EffectError): string =>
    [`${kind ? `${kind}: ` : ""}${message}`, status ? `Status ${status}.` : "", hint ?? ""].filter(Boolean).join(" ");
  return [
    ["error", text(error)],
    ...(error.chain ?? []).map((one): [string, string] => ["because of", text(one)]),
    ...(error.also ?? []).map((one): [string, string] => ["also", text(one)]),
  ];
}

function textOf(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
