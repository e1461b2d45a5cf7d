/** Sizes along the axes, outermost first; [] is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

/** @throws {RangeError} when a size isn't a whole number ≥ 0. */
export function checkShape(who: string, shape: Shape): void {
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new RangeError(`${who}: expected a shape of whole numbers ≥ 0, got [${shape.join(", ")}]`);
    }
  }
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Whether two shapes are equal. */
export function isSameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/**
 * The common shape of two shapes by NumPy's broadcasting rules.
 *
 * @param who  Start of the error message. Default: none.
 * @throws {RangeError} when sizes differ and neither is 1.
 */
export function broadcastShapes(a: Shape, b: Shape, who?: string): number[] {
  if (isSameShape(a, b)) return [...a];
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const [m, n] = [a[a.length - i] ?? 1, b[b.length - i] ?? 1];
    if (m !== n && m !== 1 && n !== 1) {
      const start = who === undefined ? "" : `${who}: `;
      throw new RangeError(`${start}expected shapes that broadcast, got [${a.join(", ")}] and [${b.join(", ")}]`);
    }
    shape[rank - i] = m === 1 ? n : m;
  }
  return shape;
}

/** Row-major strides, in elements, of a tensor of shape `from` broadcast to `to`: 0 along repeated axes. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((dim, axis) => {
    const fromAxis = axis - lead;
    return fromAxis < 0 || (from[fromAxis] === 1 && dim !== 1) ? 0 : strides[fromAxis]!;
  });
}

/** Resolves an axis to 0 … rank − 1; negative axes count from the end. @throws {RangeError} outside −rank … rank − 1. */
export function axisOf(who: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new RangeError(`${who}: expected an axis from ${-rank} to ${rank - 1}, got ${axis}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/**
 * Resolves a position along an axis and clamps it to [low, high]. Negative positions count from the end.
 *
 * @param size  Size of the axis.
 * @param low   Default: 0.
 * @param high  Default: `size`.
 */
export function clampPosition(position: number, size: number, low = 0, high = size): number {
  return Math.min(Math.max(position < 0 ? position + size : position, low), high);
}

/** Number of elements before, in and after the `count` axes that start at `axis`. `count` default: 1. */
export function splitAt(shape: Shape, axis: number, count = 1): readonly [outer: number, len: number, inner: number] {
  return [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis, axis + count)), sizeOf(shape.slice(axis + count))];
}

/** Formats a shape: "[2, 3]". */
export function shapeText(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
