import { OptionError } from "@neft/options";
import type { Device, LevelProgramming } from "../device/record.js";

/**
 * The levels of a device, by which whole weights are judged; undefined for one without variation.
 * @throws {OptionError} for a device whose σ is that of cells.
 */
export function weightLevels({ id, programming }: Device): LevelProgramming | undefined {
  if (programming.kind === "exact") return undefined;
  if (programming.kind === "levels") return programming;
  throw new OptionError({
    option: "device",
    expected: "a record of kind exact or levels, whose σ is that of whole weights",
    got: `${id} of kind ${programming.kind}`,
  });
}
