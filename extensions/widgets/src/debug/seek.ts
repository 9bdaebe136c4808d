// Find the next or last change of a field, the next or last fact that went wrong.

import { differs } from "./diff";
import { allHere } from "./filter";
import type { Session } from "./session";

/** So many facts are looked at before a person is asked whether to go on. */
const MOST = 40_000;

const FAILURES = ["event.refused", "effect.failed"] as const;

export interface Found {
  seq: number;
  /** Where the search was given up; 0 if it reached the end. */
  upto: number;
}

/** The nearest fact after (or before) the cursor that changed the field `path`. */
export async function seekChange(session: Session, path: string, by: 1 | -1): Promise<Found> {
  const { store, loader } = session;
  const track = store.a;
  if (!track) return { seq: 0, upto: 0 };
  for (let seq = store.cursor + by, looked = 0; seq >= 1 && seq <= track.total; seq += by, looked++) {
    if (store.a !== track) return { seq: 0, upto: 0 };
    if (looked > MOST) return { seq: 0, upto: seq };
    if (track.rows.has(seq) && !track.changed(seq)) continue;
    if (!track.pages.has(seq) && !(await loader.have("a", seq))) return { seq: 0, upto: seq };
    const [old, next] = [track.pages.before(seq), track.pages.at(seq)];
    if (old && next && differs(old, next, path)) return { seq, upto: 0 };
  }
  return { seq: 0, upto: 0 };
}

/** The nearest fact that went wrong; 0 for none. Where not every fact is here Python is asked, too. */
export async function seekBad(session: Session, by: 1 | -1): Promise<number> {
  const { a, cursor } = session.store;
  if (!a) return 0;
  const here = a.seek(cursor, by, (seq) => a.bad(seq));
  if (allHere(a)) return here;
  if (by < 0 && cursor <= 1) return 0;
  const beyond = by > 0 ? { after: cursor } : { before: cursor };
  const reply = await session.ask("search", { track: "a", text: "", kinds: [...FAILURES], limit: 1, ...beyond });
  const [there = 0] = reply.seqs ?? [];
  if (!here || !there) return here || there;
  return by > 0 ? Math.min(here, there) : Math.max(here, there);
}
