import { OptionError, real, refuse, type WordKind } from "@neft/options";

/** Seconds of the units of time. A year is that of the Julian calendar. */
const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, y: 365.25 * 86_400 };

const seconds = real({ min: 0 });

/** A time: seconds, or in words a number with a unit, such as 1h. */
export const timeKind: WordKind<number> = {
  words: "a time of 0 s or more",
  placeholder: "<time>",
  check: (value, option) => seconds.check(value, option),
  parse: (word, option) => {
    const [, number, unit = "s"] = /^([\d.eE+-]+?)\s*([a-z]*)$/.exec(word.trim()) ?? [];
    const factor = units[unit === "" ? "s" : unit];
    if (number === undefined) return refuse(option, `a number with a unit (${Object.keys(units).join(", ")})`, word);
    if (factor === undefined) {
      throw new OptionError({ option, expected: `a unit of ${Object.keys(units).join(", ")}`, got: unit });
    }
    return seconds.parse(number, option) * factor;
  },
};

/** An age in the largest unit of which it is a whole number: 3600 is "1 h". */
export function timeInWords(time_s: number): string {
  const unit = Object.entries(units)
    .reverse()
    .find(([, seconds]) => time_s >= seconds && Number.isInteger(time_s / seconds));
  return unit === undefined ? `${time_s} s` : `${time_s / unit[1]} ${unit[0] === "m" ? "min" : unit[0]}`;
}
