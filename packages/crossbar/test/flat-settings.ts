import { type ChipSpec, type Device, type SampleDraw, weightChip, withSigma } from "@neft/crossbar";

/** A chip whose whole weights vary, and a draw of it, in one list. */
export interface FlatSettings extends SampleDraw {
  readonly device: Device;
  readonly sigma: number;
  readonly weightBits?: number;
  readonly bitsPerCell?: number;
  readonly perSample?: boolean;
}

/** The chip and the draw. */
export function drawn(flat: FlatSettings): readonly [ChipSpec, SampleDraw] {
  const { device, sigma, weightBits, bitsPerCell, perSample, ...draw } = flat;
  return [withSigma(weightChip({ device, weightBits, bitsPerCell, perSample }), sigma), draw];
}
