// What differs between two pictures of data, the deepest place named; as Python's portrait does it.

import type { Change, Json, JsonObject } from "../wire";

const MAX = 200;

export function changesOf(old: JsonObject, next: JsonObject): Change[] {
  const found: Change[] = [];
  if (old !== next) compare(old, next, "", found);
  return found;
}

function compare(old: Json | undefined, next: Json | undefined, path: string, found: Change[]): void {
  if (old === next || found.length >= MAX) return;
  if (isObject(old) && isObject(next)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) compare(old[key], next[key], path ? `${path}.${key}` : key, found);
  } else if (Array.isArray(old) && Array.isArray(next) && old.length === next.length) {
    old.forEach((item, at) => compare(item, next[at], `${path}.${at}`, found));
  } else if (!same(old, next)) {
    found.push({ path, ...(old === undefined ? {} : { old }), ...(next === undefined ? {} : { new: next }) });
  }
}

function same(old: Json | undefined, next: Json | undefined): boolean {
  if (typeof old !== "object" || typeof next !== "object") return Object.is(old, next);
  return JSON.stringify(old) === JSON.stringify(next);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of names joined by dots; undefined where there is none. */
export function valueAt(data: Json | undefined, path: string): Json | undefined {
  if (isObject(data) && Object.hasOwn(data, path)) return data[path]; // a name may hold dots
  const dot = path.indexOf(".");
  const [name, rest] = dot < 0 ? [path, ""] : [path.slice(0, dot), path.slice(dot + 1)];
  const inside = Array.isArray(data) ? data[Number(name)] : isObject(data) && Object.hasOwn(data, name) ? data[name] : undefined;
  return rest && inside !== undefined ? valueAt(inside, rest) : rest ? undefined : inside;
}

/** A path as Python writes it: `data.order.lines[0]["unit price"]`. */
export function placeOf(data: Json | undefined, path: string): string {
  let place = "data";
  let here = data;
  for (let rest = path; rest !== "";) {
    const whole = isObject(here) && Object.hasOwn(here, rest); // a name may hold dots
    const dot = whole ? -1 : rest.indexOf(".");
    const name = dot < 0 ? rest : rest.slice(0, dot);
    rest = dot < 0 ? "" : rest.slice(dot + 1);
    if (Array.isArray(here)) place += `[${name}]`;
    else place += /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
    here = Array.isArray(here) ? here[Number(name)] : isObject(here) ? here[name] : undefined;
  }
  return place;
}

/** Whether a field, or something in it, differs. */
export function differs(old: JsonObject, next: JsonObject, path: string): boolean {
  return old !== next && !same(valueAt(old, path), valueAt(next, path));
}
