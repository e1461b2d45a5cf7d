import { f32 } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { shapeText, sizeOf } from "../shape.js";
import { empty, fromWriter, type Tensor } from "../tensor.js";
import { checkedSize } from "./element-positions.js";
import { reshape, transpose } from "./layout.js";
import { Neighbours, type SampleAttributes } from "./neighbours.js";
import { matmul } from "./products.js";

type Inputs = [x: Tensor, grid: Tensor];

/** Calls `visit` for every point: its sample, its place among the points of a sample, and the neighbours around it. */
function eachPoint(
  [x, grid]: Inputs,
  attributes: SampleAttributes,
  visit: (n: number, point: number, neighbours: Neighbours) => void,
): void {
  const sizes = x.shape.slice(2);
  const points = sizeOf(grid.shape.slice(1, -1));
  const coordinates = grid.floats();
  const neighbours = new Neighbours(sizes, attributes);
  for (let n = 0; n < x.shape[0]!; n++) {
    for (let point = 0; point < points; point++) {
      for (const [axis, size] of sizes.entries()) {
        // The last coordinate belongs to the first axis.
        const g = coordinates[(n * points + point + 1) * sizes.length - 1 - axis]!;
        const pixel = attributes.alignCorners ? ((g + 1) / 2) * (size - 1) : ((g + 1) * size - 1) / 2;
        neighbours.set(axis, Math.fround(pixel), (attributes.alignCorners ? size - 1 : size) / 2);
      }
      neighbours.combine();
      visit(n, point, neighbours);
    }
  }
}

/** The operation of {@link gridSample}. Sums are kept in f64 and rounded once. */
export const gridSampleOp = defineOp<Inputs, SampleAttributes>({
  name: "gridSample",
  shape: ([x, grid]) => {
    const axes = x.shape.length - 2;
    const fits = axes >= 1 && grid.shape.length === axes + 2 && grid.shape.at(-1) === axes;
    if (!fits || grid.shape[0] !== x.shape[0] || (x.shape.includes(0, 2) && grid.size > 0)) {
      throw new RangeError(
        `gridSample: expected x [n, c, ..] with pixels and a grid [n, .., number of spatial axes], got ${shapeText(x.shape)} and ${shapeText(grid.shape)}`,
      );
    }
    return [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)];
  },
  forward: ([x, grid], attributes, y) => {
    const [channels, pixels] = [x.shape[1]!, sizeOf(x.shape.slice(2))];
    const points = sizeOf(y.shape.slice(2));
    const [from, to] = [f32(x.ptr, x.size), f32(y.ptr, y.size)];
    eachPoint([x, grid], attributes, (n, point, neighbours) => {
      for (let c = 0; c < channels; c++) {
        const plane = n * channels + c;
        to[plane * points + point] = neighbours.value(from, plane * pixels);
      }
    });
  },
  vjp: [
    (dy, { inputs: [x, grid], attributes }) => {
      const [channels, pixels, points] = [x.shape[1]!, sizeOf(x.shape.slice(2)), sizeOf(dy.shape.slice(2))];
      const dx = empty(x.shape);
      const sums = new Float64Array(x.size);
      const from = f32(dy.ptr, dy.size);
      eachPoint([x, grid], attributes, (n, point, neighbours) => {
        for (let c = 0; c < channels; c++) {
          const plane = n * channels + c;
          neighbours.addGradient(from[plane * points + point]!, sums, plane * pixels);
        }
      });
      f32(dx.ptr, dx.size).set(sums);
      return dx;
    },
    (dy, { inputs: [x, grid], attributes }) => {
      const [channels, pixels, points] = [x.shape[1]!, sizeOf(x.shape.slice(2)), sizeOf(dy.shape.slice(2))];
      const axes = x.shape.length - 2;
      const dg = empty(grid.shape);
      const [values, from, to] = [f32(x.ptr, x.size), f32(dy.ptr, dy.size), f32(dg.ptr, dg.size)];
      eachPoint([x, grid], attributes, (n, point, neighbours) => {
        for (let axis = 0; axis < axes; axis++) {
          let sum = 0;
          for (let c = 0; c < channels; c++) {
            const plane = n * channels + c;
            sum += from[plane * points + point]! * neighbours.value(values, plane * pixels, neighbours.slopes[axis]!);
          }
          to[(n * points + point + 1) * axes - 1 - axis] = sum;
        }
      });
      return dg;
    },
  ],
  keeps: [0, 1],
  examples: [
    // Between the two pixels of each axis: nothing has a kink there.
    ...(["linear", "cubic"] as const).map((mode) => ({
      inputs: [{ shape: [2, 2, 2, 2] }, { shape: [2, 1, 2, 2], values: "separated" as const }],
      attributes: { mode, padding: "zeros" as const, alignCorners: true },
    })),
    {
      inputs: [{ shape: [1, 2, 2, 2, 2] }, { shape: [1, 1, 1, 3, 3], values: "separated" as const }],
      attributes: { mode: "linear", padding: "reflection", alignCorners: true },
    },
    {
      inputs: [{ shape: [1, 1, 1, 2] }, { shape: [1, 1, 2, 2], values: "separated" as const }],
      attributes: { mode: "linear", padding: "border", alignCorners: false },
    },
  ],
});

/**
 * Samples images at the points of a grid.
 *
 * @param x     [n, c, ..].
 * @param grid  [n, .., spatial axes]: coordinates, that of the last axis first; −1 and 1 are the ends of the axis.
 * @param attributes  Default: linear, zeros, not aligned.
 * @returns [n, c, ..], with the grid's axes.
 * @throws {RangeError} when shapes don't match.
 */
export function gridSample(x: Tensor, grid: Tensor, attributes: Partial<SampleAttributes> = {}): Tensor {
  const { mode = "linear", padding = "zeros", alignCorners = false } = attributes;
  return gridSampleOp(x, grid, { mode, padding, alignCorners });
}

/**
 * The grid of an affine map: its coordinates for each pixel of an image.
 *
 * @param theta  [n, 2, 3], or [n, 3, 4] for three axes.
 * @param size   [n, c, ..] of the image.
 * @returns [n, .., 2 or 3].
 * @throws {RangeError} when shapes don't match.
 */
export function affineGrid(
  theta: Tensor,
  size: readonly number[],
  { alignCorners = false }: { readonly alignCorners?: boolean } = {},
): Tensor {
  const sizes = size.slice(2);
  const axes = sizes.length;
  if (axes < 2 || axes > 3 || theta.shape.join() !== [size[0], axes, axes + 1].join()) {
    throw new RangeError(
      `affineGrid: expected theta [n, 2, 3] for a size [n, c, h, w] or [n, 3, 4] for [n, c, d, h, w], got ${shapeText(theta.shape)} and ${shapeText(size)}`,
    );
  }
  const points = checkedSize("affineGrid", sizes);
  checkedSize("affineGrid", [points, axes + 1]);
  const at = (i: number, n: number): number =>
    alignCorners ? (n === 1 ? -1 : (2 * i) / (n - 1) - 1) : (2 * i + 1) / n - 1;
  const base = fromWriter([points, axes + 1], (values) => {
    for (let point = 0; point < points; point++) {
      let rest = point;
      for (let axis = axes - 1; axis >= 0; axis--) {
        values[point * (axes + 1) + axes - 1 - axis] = at(rest % sizes[axis]!, sizes[axis]!);
        rest = Math.floor(rest / sizes[axis]!);
      }
      values[point * (axes + 1) + axes] = 1;
    }
  });
  return reshape(matmul(base, transpose(theta, { perm: [0, 2, 1] })), [size[0]!, ...sizes, axes]);
}
