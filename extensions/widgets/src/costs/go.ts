// Ask the debuggers in this page to go to a step of a run; the word between two bundles.

export const GO = "traaviis:go";

export function goTo(run: string, seq: number): void {
  document.dispatchEvent(new CustomEvent(GO, { detail: { run, seq } }));
}
