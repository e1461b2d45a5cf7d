import type { ArrayProduct } from "@neft/model";
import { inWords } from "@neft/options";
import { persistent, scope, type Tensor, tensor } from "@neft/tensor";
import type { TileSettings } from "./tile-settings.js";

/** Cells whose currents one conversion sums or subtracts, in the parameter's element order. */
export interface PlaneTerm {
  /** Conductances relative to gMax, [element]. */
  readonly values: Float32Array;
  readonly sign: 1 | -1;
  /** Variance of the noise of each read, [element]. Default: none. */
  readonly variance?: Float32Array | undefined;
}

/** What one conversion sums. */
export interface Plane {
  /** Two where the currents of a pair are subtracted before the converter. */
  readonly terms: readonly PlaneTerm[];
  /** What a sum of this plane adds to an output, relative to the scale S. */
  readonly factor: number;
}

/** A parameter as its tiles read it: w = S·(constant + Σ_planes factor·Σ_terms sign·value). */
export interface PlanedWeight {
  readonly planes: readonly Plane[];
  readonly constant: number;
  /** S of an element. */
  scaleOf(element: number): number;
}

/** One plane of a tile. */
export interface TilePlane {
  /** [word lines, outputs]. */
  readonly matrix: Tensor;
  readonly variance: Tensor | undefined;
  readonly factor: number;
}

/** Word lines [from, to) of a block. Outputs are cut for wires only: without them, columns of tiles don't differ. */
export interface RowTile {
  readonly from: number;
  readonly to: number;
  readonly planes: readonly TilePlane[];
}

/** One matrix of a layer on its tiles. */
export interface TiledBlock {
  readonly inputs: number;
  readonly outputs: number;
  readonly tiles: readonly RowTile[];
  /** S of each output, [outputs]. */
  readonly scales: Tensor;
  readonly constant: number;
}

/** A layer on its tiles. */
export interface TiledLayer {
  readonly blocks: readonly TiledBlock[];
  dispose(): void;
}

/** Largest parameter whose element numbers an f32 holds exactly. */
const maxElements = 2 ** 24;

/** A matrix of a layer: numbers of the parameter's elements, [inputs, outputs]. */
export interface BlockElements {
  readonly inputs: number;
  readonly outputs: number;
  readonly elements: Float32Array;
}

/** Which elements of its parameter the matrices of a product hold. @throws {RangeError} for a parameter of more than 2²⁴ elements. */
export function blockElements({ weight, map }: Pick<ArrayProduct, "weight" | "map">): readonly BlockElements[] {
  const { name, tensor: whole, view } = weight;
  if (whole.size > maxElements) {
    throw new RangeError(
      `parameter ${inWords(name)}: expected at most ${maxElements} weights on tiles, got ${whole.size}; leave converters, read noise, wires and scales per column out`,
    );
  }
  return scope(() => {
    const numbers = tensor(
      Float32Array.from({ length: whole.size }, (_, i) => i),
      whole.shape,
    );
    const viewed = view === undefined ? numbers : view.apply(numbers);
    return map.kind.matrices(viewed, map.settings).map((matrix) => ({
      inputs: matrix.shape[0]!,
      outputs: matrix.shape[1]!,
      elements: matrix.floats(),
    }));
  });
}

/** What the wires of a tile leave of its conductances, [rows, columns], relative to gMax. */
export type Wires = (conductances: Float32Array, rows: number, columns: number) => Float32Array;

/** Applies wires to the tiles of a matrix [rows, outputs], each of at most `columns` bit lines. */
function wired(matrix: Float32Array, rows: number, outputs: number, columns: number, wires: Wires): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let first = 0; first < outputs; first += columns) {
    const width = Math.min(columns, outputs - first);
    const part = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      part.set(matrix.subarray(row * outputs + first, row * outputs + first + width), row * width);
    }
    const effective = wires(part, rows, width);
    for (let row = 0; row < rows; row++) {
      result.set(effective.subarray(row * width, (row + 1) * width), row * outputs + first);
    }
  }
  return result;
}

/** Sum of a plane's terms on some elements, [elements], and of their variances. */
function planeMatrix(
  { terms }: Plane,
  elements: Float32Array,
  wires: ((matrix: Float32Array) => Float32Array) | undefined,
): { readonly values: Float32Array; readonly variance: Float32Array | undefined } {
  const values = new Float32Array(elements.length);
  const hasNoise = terms.some(({ variance }) => variance !== undefined);
  const total = hasNoise ? new Float32Array(elements.length) : undefined;
  for (const { values: all, sign, variance } of terms) {
    const cells = new Float32Array(elements.length);
    for (let i = 0; i < cells.length; i++) cells[i] = all[elements[i]!]!;
    const effective = wires === undefined ? cells : wires(cells);
    for (let i = 0; i < values.length; i++) values[i] = values[i]! + sign * effective[i]!;
    if (variance === undefined || total === undefined) continue;
    for (let i = 0; i < total.length; i++) {
      // The noise of a cell reaches the end of its bit line as its current does.
      const share = cells[i] === 0 ? 1 : effective[i]! / cells[i]!;
      total[i] = total[i]! + share * share * variance[elements[i]!]!;
    }
  }
  return { values, variance: total };
}

/**
 * Cuts a layer's matrices into tiles of at most `rows` word lines.
 *
 * @param blocks  From `blockElements`.
 * @param wires   Default: none.
 */
export function cutLayer(
  blocks: readonly BlockElements[],
  { planes, constant, scaleOf }: PlanedWeight,
  { rows, columns }: Pick<TileSettings, "rows" | "columns">,
  wires?: Wires,
): TiledLayer {
  const kept: Tensor[] = [];
  const keep = (values: Float32Array, shape: number[]): Tensor => {
    const made = persistent(values, shape);
    kept.push(made);
    return made;
  };
  const cut = blocks.map(({ inputs, outputs, elements }): TiledBlock => {
    const tiles = Array.from({ length: Math.ceil(inputs / rows) }, (_, i): RowTile => {
      const [from, to] = [i * rows, Math.min(inputs, (i + 1) * rows)];
      const own = elements.subarray(from * outputs, to * outputs);
      const shape = [to - from, outputs];
      return {
        from,
        to,
        planes: planes.map((plane) => {
          const { values, variance } = planeMatrix(
            plane,
            own,
            wires && ((matrix) => wired(matrix, to - from, outputs, columns, wires)),
          );
          return { matrix: keep(values, shape), variance: variance && keep(variance, shape), factor: plane.factor };
        }),
      };
    });
    const ofOutput = Float32Array.from({ length: outputs }, (_, output) => scaleOf(elements[output]!));
    return { inputs, outputs, tiles, scales: keep(ofOutput, [outputs]), constant };
  });
  return {
    blocks: cut,
    dispose: () => {
      for (const one of kept) one.dispose();
    },
  };
}
