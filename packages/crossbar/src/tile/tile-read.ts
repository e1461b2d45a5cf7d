import { alongOutputs, type WordLines } from "@neft/model";
import {
  add,
  addConverted,
  addScaled,
  concat,
  full,
  matmul,
  mul,
  relu,
  setConverted,
  setDigits,
  slice,
  sqrt,
  square,
  type Tensor,
  tensor,
  zeros,
} from "@neft/tensor";
import type { AdcSettings, DacSettings } from "./converter-settings.js";
import type { ConversionRange, LayerRanges } from "./ranges.js";
import type { TiledBlock, TilePlane } from "./tiled-layer.js";

/** What is known of a read. */
export interface ReadSettings {
  readonly dac: DacSettings | undefined;
  readonly adc: AdcSettings | undefined;
  /** Ranges of the layer's converters as they are known now. Undefined before any was measured. */
  ranges(): LayerRanges | undefined;
  /** Normal numbers for the noise of one plane's reads. `place` names tile, plane and phase. */
  noise(place: string, size: number): Float32Array;
  /** Told of the conversions: inputs, and sums by plane. */
  readonly observer?: ReadObserver | undefined;
}

/** What watches reads. */
export interface ReadObserver {
  inputs?(values: Tensor): void;
  sums?(plane: number, values: Tensor): void;
  converted?(which: "inputs" | "sums", conversions: number, clipped: number): void;
}

/** Inputs that are applied at once, and what their results count. */
interface Phase {
  readonly x: Tensor;
  readonly significance: number;
}

/** Bits of a signed value's magnitude. */
const magnitudeBits = (bits: number, signed: boolean): number => (signed ? bits - 1 : bits);

/** The converter of a range. A signed conversion has a bit for the sign, so 2 at least. */
export const converterOf = ({ range, signed }: ConversionRange, bits: number) => ({
  range,
  signed,
  bits: signed ? Math.max(2, bits) : bits,
});

/**
 * The inputs as word lines get them: all at once, or bit by bit, the highest significance last.
 *
 * @param count  Told how many values are beyond the converter's range, if there is one.
 */
function phasesOf(x: Tensor, { dac, ranges, observer }: ReadSettings, count: (clipped: number) => void): Phase[] {
  observer?.inputs?.(x);
  const known = ranges();
  if (dac === undefined || known === undefined) return [{ x, significance: 1 }];
  const converter = converterOf(known.inputs, dac.bits);
  if (!dac.serial) {
    const converted = zeros(x.shape);
    count(setConverted(converted, x, converter));
    return [{ x: converted, significance: 1 }];
  }
  const bits = magnitudeBits(converter.bits, converter.signed);
  const step = converter.range / (2 ** bits - 1);
  return Array.from({ length: bits }, (_, shift) => {
    const plane = zeros(x.shape);
    const clipped = setDigits(plane, x, converter, { shift, width: 1 });
    if (shift === 0) count(clipped);
    return { x: plane, significance: step * 2 ** shift };
  });
}

/** What is on the word lines of a layer, and what bit lines sum. */
export interface LinesRead {
  /** What is converted and then on the word lines. */
  readonly x: Tensor;
  /** What the bit lines of a tile sum, for several matrices, each given by its blocks; all of one shape. */
  sums(x: Tensor, lines: WordLines, matrices: readonly (readonly Tensor[])[]): Tensor[];
  /** Axis of the sums that the outputs of the blocks follow; negative from the end. */
  readonly channels: number;
}

/** Reads with vectors of their own: [reads, inputs] → [reads, outputs]. */
export const vectorsRead = (x: Tensor): LinesRead => ({
  x,
  sums: (all, { from, to }, matrices) => {
    const lines = from === 0 && to === all.shape[1] ? all : slice(all, { axes: [1], starts: [from], ends: [to] });
    return matrices.map(([matrix]) => matmul(lines, matrix!));
  },
  channels: -1,
});

/**
 * Reads blocks of a layer: each tile's sums go through its converter, and are added digitally.
 *
 * @returns the sums in units of the layer's outputs.
 */
export function readBlocks(blocks: readonly TiledBlock[], read: LinesRead, settings: ReadSettings): Tensor {
  const { adc, ranges, noise, observer } = settings;
  const [{ tiles, inputs, constant }] = blocks as [TiledBlock];
  let clippedInputs: number | undefined;
  const phases = phasesOf(read.x, settings, (clipped) => {
    clippedInputs = clipped;
  });
  let total: Tensor | undefined;
  for (const [phase, { x, significance }] of phases.entries()) {
    for (const [t, { from, to, planes }] of tiles.entries()) {
      const of = (value: (plane: TilePlane) => Tensor | undefined) =>
        planes.map((_, plane) => blocks.map(({ tiles }) => value(tiles[t]!.planes[plane]!)!));
      const exact = read.sums(
        x,
        { from, to },
        of(({ matrix }) => matrix),
      );
      // The noise of independent cells, redrawn at each read, is normal with variance Σ x²·σ².
      const isNoisy = planes.some(({ variance }) => variance !== undefined);
      const variances = isNoisy
        ? read.sums(
            square(x),
            { from, to },
            of(({ variance }) => variance),
          )
        : [];
      for (const [plane, { factor }] of planes.entries()) {
        let sums = exact[plane]!;
        if (isNoisy) {
          const z = tensor(noise(`${t} ${plane} ${phase}`, sums.size), sums.shape);
          // Rounding leaves some variances of fast convolutions a little below 0.
          sums = add(sums, mul(sqrt(relu(variances[plane]!)), z));
        }
        total ??= zeros(sums.shape);
        observer?.sums?.(plane, sums);
        const range = adc && ranges()?.sums[plane];
        if (adc === undefined || range === undefined) addScaled(total, sums, factor * significance);
        else {
          const converter = converterOf(range, adc.bits);
          const clipped = addConverted(total, sums, { ...converter, scale: factor * significance });
          observer?.converted?.("sums", sums.size, clipped);
        }
      }
    }
    // What all cells of an output share, such as the reference of an offset, is added digitally.
    if (constant !== 0) {
      const ones = blocks.map(({ outputs }) => full([inputs, outputs], constant * significance));
      total = add(total!, read.sums(x, { from: 0, to: inputs }, [ones])[0]!);
    }
  }
  if (clippedInputs !== undefined) {
    // Reads that share a value convert it each; as many of them clip as of the values.
    const outputs = blocks.reduce((sum, block) => sum + block.outputs, 0);
    const conversions = (total!.size / outputs) * blocks.length * inputs;
    observer?.converted?.("inputs", conversions, Math.round((clippedInputs * conversions) / Math.max(1, read.x.size)));
  }
  const scales =
    blocks.length === 1
      ? blocks[0]!.scales
      : concat(
          blocks.map((block) => block.scales),
          { axis: 0 },
        );
  return mul(total!, alongOutputs(scales, total!, read.channels));
}
