import { sizeOf, stridesOf } from "../shape.js";
import { fromWriter, type Tensor } from "../tensor.js";
import { add } from "./arithmetic.js";
import { mapAxis } from "./axis-table.js";
import { pad } from "./indexing.js";
import { reshape } from "./layout.js";
import { type ResizeAttributes, resizePlan } from "./resize-tables.js";

/**
 * Resizes axes by interpolation, one axis after another; sums are in f64 for each axis.
 *
 * @throws {RangeError} when lists don't match the axes, or both or neither of `scales` and `sizes` are given.
 */
export function resize(x: Tensor, attributes: ResizeAttributes): Tensor {
  const { shape, tables, outside } = resizePlan("resize", x.shape, attributes);
  let y = x;
  for (const { axis, table } of tables) y = mapAxis(y, axis, table);
  const { extrapolation = 0 } = attributes;
  if (extrapolation === 0 || outside.every((axis) => axis === undefined)) return y === x ? reshape(x, x.shape) : y;
  const strides = stridesOf(shape);
  const filled = fromWriter(shape, (values) => {
    for (let i = 0; i < sizeOf(shape); i++) {
      const isOutside = outside.some((axis, a) => axis?.[Math.floor(i / strides[a]!) % shape[a]!]);
      values[i] = isOutside ? extrapolation : 0;
    }
  });
  return add(y, filled);
}

/** Amounts for {@link pad} that crop or pad axes to sizes around their centre, the odd element behind. */
export function centerPads(shape: readonly number[], axes: readonly number[], sizes: readonly number[]): number[] {
  const before = shape.map(() => 0);
  const after = shape.map(() => 0);
  for (const [i, axis] of axes.entries()) {
    const difference = sizes[i]! - shape[axis]!;
    // Both round toward the front: a crop starts at ⌊excess/2⌋, a pad has ⌊missing/2⌋ in front.
    const lead = Math.trunc(difference / 2);
    before[axis] = lead;
    after[axis] = difference - lead;
  }
  return [...before, ...after];
}

/** Crops or pads axes with zeros to sizes around their centre. `axes` default: all. @throws {RangeError} for sizes that aren't whole. */
export function centerCropPad(
  x: Tensor,
  sizes: readonly number[],
  { axes = x.shape.map((_, i) => i) }: { readonly axes?: readonly number[] } = {},
): Tensor {
  const rank = x.shape.length;
  const at = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  if (sizes.length !== at.length || !at.every((axis) => x.shape[axis] !== undefined) || !sizes.every((n) => n >= 0)) {
    throw new RangeError(
      `centerCropPad: expected one size ≥ 0 for each axis, got [${sizes.join(", ")}] for [${axes.join(", ")}]`,
    );
  }
  return pad(x, { pads: centerPads(x.shape, at, sizes) });
}
