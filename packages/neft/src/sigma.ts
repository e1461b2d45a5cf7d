import { optionError } from "@neft/options";

/** Percent as a share, without what division adds to the decimals. */
const asShare = (percent: number): number => Number((percent / 100).toPrecision(12));

/**
 * What to ask of a σ that a user can't have meant, or nothing: it is relative to a device's full scale, so that above 1 it is in
 * percent, most likely. Only what users give is judged: OVF's forwards, at σ and something more, may go beyond.
 * @param name  what the option is called.
 */
export function questionOfSigma(name: string, values: readonly number[]): string | undefined {
  const large = values.find((value) => value > 1 && Number.isFinite(value));
  return large === undefined
    ? undefined
    : `${name}: expected at most 1, a standard deviation relative to a device's full scale, got ${large}; is it in percent? For ${large} % give ${asShare(large)}`;
}

/**
 * The same as an error.
 * @param option  its name in the API.
 * @throws {RangeError}
 */
export function checkSigma(option: string, values: readonly number[]): void {
  if (questionOfSigma(option, values) !== undefined) {
    throw optionError((called) => questionOfSigma(called(option), values)!);
  }
}
