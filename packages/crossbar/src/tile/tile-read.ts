import {
  add,
  addConverted,
  addScaled,
  matmul,
  mul,
  reduceSum,
  reshape,
  scale,
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
import type { RowTile, TiledBlock } from "./tiled-layer.js";

/** What is known of a read. */
export interface ReadSettings {
  readonly dac: DacSettings | undefined;
  readonly adc: AdcSettings | undefined;
  /** Ranges of the layer's converters as they are known now. Undefined before any was measured. */
  ranges(): LayerRanges | undefined;
  /** Normal numbers for the noise of one plane's reads, [reads, outputs]. `place` names tile, plane and phase. */
  noise(place: string, shape: readonly [reads: number, outputs: number]): Float32Array;
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

/** The inputs as word lines get them: all at once, or bit by bit, the highest significance last. */
function phasesOf(x: Tensor, { dac, ranges, observer }: ReadSettings): Phase[] {
  observer?.inputs?.(x);
  const known = ranges();
  if (dac === undefined || known === undefined) return [{ x, significance: 1 }];
  const converter = converterOf(known.inputs, dac.bits);
  const count = (clipped: number) => observer?.converted?.("inputs", x.size, clipped);
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

/** Columns [from, to) of a matrix. */
const columnsOf = (x: Tensor, { from, to }: RowTile): Tensor =>
  from === 0 && to === x.shape[1] ? x : slice(x, { axes: [1], starts: [from], ends: [to] });

/**
 * Reads a block of a layer: each tile's sums go through its converter, and are added digitally.
 *
 * @param x  Word-line inputs, [reads, inputs].
 * @returns [reads, outputs], in units of the layer's outputs.
 */
export function readBlock({ tiles, outputs, scales, constant }: TiledBlock, x: Tensor, settings: ReadSettings): Tensor {
  const { adc, ranges, noise, observer } = settings;
  const reads = x.shape[0]!;
  const total = zeros([reads, outputs]);
  const phases = phasesOf(x, settings);
  for (const [phase, { x: inputs, significance }] of phases.entries()) {
    for (const [t, tile] of tiles.entries()) {
      const lines = columnsOf(inputs, tile);
      for (const [plane, { matrix, variance, factor }] of tile.planes.entries()) {
        let sums = matmul(lines, matrix);
        if (variance !== undefined) {
          // The noise of independent cells, redrawn at each read, is normal with variance Σ x²·σ².
          const deviations = sqrt(matmul(square(lines), variance));
          const z = tensor(noise(`${t} ${plane} ${phase}`, [reads, outputs]), [reads, outputs]);
          sums = add(sums, mul(deviations, z));
        }
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
  }
  // What all cells of an output share, such as the reference of an offset, is added digitally.
  const shared =
    constant === 0
      ? total
      : add(
          total,
          phases
            .map(({ x: inputs, significance }) => scale(rowSums(inputs), constant * significance))
            .reduce((sum, one) => add(sum, one)),
        );
  return mul(shared, scales);
}

/** Sum of each row, [rows, 1]. */
const rowSums = (x: Tensor): Tensor => reshape(reduceSum(x, { axes: [1] }), [x.shape[0]!, 1]);
