import { OptionError } from "@neft/options";
import { type ChipSettings, chipSettings } from "./chip-settings.js";
import { checkDevice } from "./device/device.js";
import type { Device } from "./device/record.js";
import { slicingFactor } from "./mapping/significance.js";
import { weightLevels } from "./mapping/weight-levels.js";

/** How weights are programmed into devices. */
export interface WeightProgramming {
  readonly device: Device;
  /** Standard deviation of one device relative to its full scale; ≥ 0. */
  readonly sigma: number;
  readonly weightBits?: ChipSettings["weightBits"] | undefined;
  readonly bitsPerCell?: ChipSettings["bitsPerCell"];
}

/** Standard deviations of one tensor's weight variation, in units of its weights. */
export interface WeightSigma {
  /** S = max|W|. */
  readonly sMax: number;
  /** For weights with |w|/S ≤ 0.25 or ≥ 0.75. */
  readonly sigmaOuter: number;
  /** For weights with 0.25 < |w|/S < 0.75. */
  readonly sigmaMid: number;
}

const defaultBits = chipSettings.weightBits.default;

/**
 * Checks programming settings.
 * @throws {RangeError} naming the setting that is out of range.
 */
function checkProgramming({ device, sigma, weightBits = defaultBits, bitsPerCell: given }: WeightProgramming): void {
  checkDevice(device);
  weightLevels(device);
  const bitsPerCell = given ?? device.bitsPerCell;
  if (!(Number.isFinite(sigma) && sigma >= 0)) throw new RangeError(`sigma: expected a number ≥ 0, got ${sigma}`);
  chipSettings.weightBits.kind.check(weightBits, "weightBits");
  chipSettings.bitsPerCell.kind.check(bitsPerCell, "bitsPerCell");
  if (weightBits % bitsPerCell !== 0) {
    throw new OptionError({
      option: "bitsPerCell",
      expected: `a divisor of {weightBits} (${weightBits})`,
      got: String(bitsPerCell),
      mentions: ["weightBits"],
    });
  }
}

/**
 * Standard deviations σ_w of one programmed tensor, whose weights vary by N(0, σ_w²):
 * σ_w = S·√(Σ4^{iK})/Σ2^{iK} · σ · level / √(Σ share·level²).
 *
 * @param maxAbs  S = max|W| of the tensor; the gradient treats it as a constant.
 * @throws {RangeError} for a setting out of range.
 * Source: Qin et al., NeFT, and its reference implementation. As there, the level follows from the whole weight, |w|/S, not from
 * each cell. Other papers (SWIM, TRICE) define σ by S·√(Σ_{i=1..n} 4^{−iK})·σ, 3.01 times less at M = 8, K = 2.
 */
export function programmingVariation(settings: WeightProgramming, maxAbs: number): WeightSigma {
  checkProgramming(settings);
  if (!(Number.isFinite(maxAbs) && maxAbs >= 0)) throw new RangeError(`max|W|: expected a number ≥ 0, got ${maxAbs}`);
  const { device, sigma, weightBits = defaultBits, bitsPerCell = device.bitsPerCell } = settings;
  const programming = weightLevels(device);
  if (programming === undefined) return { sMax: maxAbs, sigmaOuter: 0, sigmaMid: 0 };
  const [outer, middle] = programming.sigma;
  const meanSquare = programming.sigma.reduce(
    (sum, sigma, level) => sum + programming.share[level]! * sigma * sigma,
    0,
  );
  const scale = (maxAbs * slicingFactor(weightBits, bitsPerCell) * sigma) / Math.sqrt(meanSquare);
  return { sMax: maxAbs, sigmaOuter: scale * outer, sigmaMid: scale * middle };
}
