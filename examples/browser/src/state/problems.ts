import { type Place, problems } from "./state.js";

/** Shows a problem at a place. An abort isn't one. */
export function showProblem(place: Place, what: string, error: unknown): void {
  const detail = error instanceof Error ? error.message : String(error);
  problems.value = { ...problems.value, [place]: { what, detail } };
}

export function clearProblem(place: Place): void {
  if (!problems.value[place]) return;
  const { [place]: _, ...others } = problems.value;
  problems.value = others;
}
