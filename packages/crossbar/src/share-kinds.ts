import { OptionError, real, refuse, type WordKind } from "@neft/options";

/** Percent as a share, without what division adds to the decimals. */
const asShare = (percent: number): number => Number((percent / 100).toPrecision(12));

/** A share from 0 to 1. One above 1 is most likely in percent, which the error asks. */
function share(what: string): WordKind<number> {
  const kind: WordKind<number> = {
    words: "a number from 0 to 1",
    placeholder: "<x>",
    check: (value, option) => {
      if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
        return refuse(option, "a number ≥ 0", value);
      }
      if (value <= 1) return value;
      throw new OptionError({
        option,
        expected: `at most 1, ${what}`,
        got: String(value),
        advice: `is it in percent? For ${value} % give ${asShare(value)}`,
      });
    },
    parse: (word, option) => kind.check(real({ min: 0 }).parse(word, option), option),
  };
  return kind;
}

/**
 * A standard deviation relative to a device's full scale. Only what users give is judged so: OVF's forwards, at σ and something more, may
 * go beyond 1.
 */
export const standardDeviation = share("a standard deviation relative to a device's full scale");

/** A standard deviation relative to the value that varies. */
export const relativeDeviation = share("a standard deviation relative to the value that varies");

export const probability = share("a probability");

/** A difference of conductances relative to gMax. */
export const conductanceShare = share("a conductance relative to gMax");
