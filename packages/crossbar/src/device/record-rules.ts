import { type Bounds, boundsInWords, isWithin, kind, kinds, type Rule, type Rules, required } from "@neft/options";
import type { DeviceSpread, FittedRange, FlickerNoise, LogLine, PowerLawDrift, Source } from "./record.js";

/** A number within bounds. */
/* @__NO_SIDE_EFFECTS__ */
export const within = (bounds: Bounds): Rule => kind(boundsInWords(bounds), (value) => isWithin(value, bounds));

const number = within({});
const positive = within({ above: 0 });
const notNegative = within({ min: 0 });

export const sourceRules: Rules<Source> = { cite: required(kinds.name), doi: kinds.name };

const lineRules: Rules<LogLine> = { constant: required(number), log: number, min: number, max: number };

export const driftRules: Rules<PowerLawDrift> = {
  kind: required(kinds.oneOf("power-law")),
  t0_s: required(positive),
  nu: required(kinds.options(lineRules)),
  sigmaNu: required(kinds.options(lineRules)),
  per_uS: positive,
};

export const flickerRules: Rules<FlickerNoise> = {
  kind: required(kinds.oneOf("flicker")),
  factor: required(notNegative),
  exponent: required(number),
  leastPower: required(positive),
  most: required(notNegative),
  tRead_s: required(positive),
  t0_s: required(notNegative),
  per_uS: positive,
};

export const spreadRules: Rules<DeviceSpread> = {
  distribution: required(kinds.oneOf("normal", "lognormal")),
  sigma: required(within({ min: 0, max: 1 })),
};

export const rangeRules: Rules<FittedRange> = { min_uS: required(notNegative), max_uS: required(positive) };
