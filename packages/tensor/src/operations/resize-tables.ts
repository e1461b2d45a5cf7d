import { axisOf, type Shape, shapeText } from "../shape.js";
import { type AxisTable, axisTable, type Term } from "./axis-table.js";
import { checkedSize } from "./element-positions.js";

/** Attributes of a resize, as in ONNX. Lists have one number per resized axis. */
export interface ResizeAttributes {
  /** Factors of the sizes; the new sizes are rounded down. Either these or `sizes`. */
  readonly scales?: readonly number[] | undefined;
  /** New sizes. */
  readonly sizes?: readonly number[] | undefined;
  /** Resized axes. Default: all. */
  readonly axes?: readonly number[] | undefined;
  /** Default: "nearest". */
  readonly mode?: "nearest" | "linear" | "cubic";
  /** Which position of x a position of y corresponds to. Default: "half_pixel". */
  readonly coordinates?: ResizeCoordinates;
  /** Which neighbour "nearest" takes. Default: "round_prefer_floor". */
  readonly nearest?: "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil";
  /** Coefficient of the cubic kernel. Default: −0.75. */
  readonly cubicCoefficient?: number;
  /** Give positions outside x no weight; else they have the value at the border. Default: false. */
  readonly excludeOutside?: boolean;
  /** Part of x for "tf_crop_and_resize": starts of the axes, then ends, as fractions of their last positions. */
  readonly region?: readonly number[] | undefined;
  /** Value of positions outside x for "tf_crop_and_resize". Default: 0. */
  readonly extrapolation?: number;
  /** Widen the kernel when an axis shrinks. Default: false. */
  readonly antialias?: boolean;
  /** How `sizes` that differ in their scale are taken. Default: "stretch", one scale per axis. */
  readonly aspectRatio?: "stretch" | "not_larger" | "not_smaller";
}

/** Where positions of the result lie in the source. */
export type ResizeCoordinates =
  | "half_pixel"
  | "half_pixel_symmetric"
  | "pytorch_half_pixel"
  | "align_corners"
  | "asymmetric"
  | "tf_crop_and_resize";

/** One axis of a resize. */
interface Axis {
  readonly size: number;
  readonly scale: number;
  /** New size, a whole number. */
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

/** Position in the source of position y. `width`: the new size before rounding. */
const coordinates: Readonly<Record<ResizeCoordinates, (y: number, axis: Axis, width: number) => number>> = {
  half_pixel: (y, { scale }) => (y + 0.5) / scale - 0.5,
  half_pixel_symmetric: (y, { size, scale, count }, width) =>
    (size / 2) * (1 - count / width) + (y + 0.5) / scale - 0.5,
  pytorch_half_pixel: (y, { scale }, width) => (width === 1 ? -0.5 : (y + 0.5) / scale - 0.5),
  align_corners: (y, { size }, width) => (width === 1 ? 0 : (y * (size - 1)) / (width - 1)),
  asymmetric: (y, { scale }) => y / scale,
  tf_crop_and_resize: (y, { size, start, end }, width) => {
    const span = (end - start) * (size - 1);
    return (width === 1 ? span / 2 : (y * span) / (width - 1)) + start * (size - 1);
  },
};

/** Cubic convolution kernel at distance x. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** Weights of consecutive neighbours; `ratio` is the distance from the left one of the middle, in (0, 1]. */
function weightsFor(ratio: number, scale: number, attributes: ResizeAttributes): number[] {
  const { mode = "nearest", nearest = "round_prefer_floor", cubicCoefficient: a = -0.75, antialias } = attributes;
  if (mode === "nearest") {
    if (ratio === 1) return [0, 1];
    const right = { round_prefer_floor: ratio > 0.5, round_prefer_ceil: ratio >= 0.5, floor: false, ceil: true }[
      nearest
    ];
    return right ? [0, 1] : [1, 0];
  }
  const kernel = mode === "linear" ? (d: number) => Math.max(0, 1 - Math.abs(d)) : (d: number) => cubic(d, a);
  const reach = mode === "linear" ? 1 : 2;
  const shrink = antialias ? Math.min(scale, 1) : 1;
  const first = antialias ? Math.floor(-reach / shrink) + 1 : 1 - reach;
  const weights = Array.from({ length: 2 - 2 * first }, (_, i) => kernel(shrink * (first + i - ratio)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return antialias ? weights.map((weight) => weight / sum) : weights;
}

/** Table of one axis, and which of its positions lie outside the source. */
function tableOf(axis: Axis, attributes: ResizeAttributes): { table: AxisTable; isOutside: boolean[] } {
  const { size, scale, count } = axis;
  const mode = attributes.coordinates ?? "half_pixel";
  const isOutside: boolean[] = [];
  const table = axisTable(size, count, (y) => {
    // Positions are rounded to f32, so that those that should be whole are, whatever the rounding of the scales.
    const x = Math.fround(coordinates[mode](y, axis, scale * size));
    isOutside.push(mode === "tf_crop_and_resize" && (x < 0 || x > size - 1));
    return isOutside[y] ? [] : termsAt(x, axis, attributes);
  });
  return { table, isOutside };
}

/** The terms for a position in the source. */
function termsAt(x: number, { size, scale }: Axis, attributes: ResizeAttributes): Term[] {
  const floor = Math.floor(x);
  const weights = weightsFor(x === floor ? 1 : x - floor, scale, attributes);
  // The neighbours nearest to x; of two equally near ones, the left one.
  const first = (x === floor ? floor - 1 : floor) - (weights.length / 2 - 1);
  const terms = weights.map((weight, i) => ({ position: first + i, weight }));
  const inside = attributes.excludeOutside ? terms.filter(({ position: p }) => p >= 0 && p < size) : terms;
  const sum = attributes.excludeOutside ? inside.reduce((total, { weight }) => total + weight, 0) || 1 : 1;
  const merged = new Map<number, number>();
  for (const { position, weight } of inside) {
    const at = Math.min(Math.max(position, 0), size - 1);
    merged.set(at, (merged.get(at) ?? 0) + weight / sum);
  }
  return Array.from(merged, ([position, weight]) => ({ position, weight }));
}

/** A resize of one shape. */
export interface ResizePlan {
  readonly shape: Shape;
  /** Tables of the axes that change. */
  readonly tables: readonly { readonly axis: number; readonly table: AxisTable }[];
  /** For each axis of y which positions lie outside x; undefined where none does. */
  readonly outside: readonly (readonly boolean[] | undefined)[];
}

/** @throws {RangeError} unless a list has one number ≥ 0 per axis. */
function checkList(who: string, name: string, list: readonly number[], count: number, isWhole: boolean): void {
  const isValid = (v: number) => v >= 0 && v < Infinity && (!isWhole || Number.isInteger(v));
  if (list.length !== count || !list.every(isValid)) {
    throw new RangeError(
      `${who}: ${name}: expected ${count} ${isWhole ? "whole " : ""}numbers ≥ 0, got ${shapeText(list)}`,
    );
  }
}

/** The new shape, and the axes that change by number. @throws {RangeError} as {@link resizePlan}. */
function resizedAxes(
  who: string,
  shape: Shape,
  attributes: ResizeAttributes,
): { shape: number[]; axes: readonly (readonly [at: number, axis: Axis])[] } {
  const { scales, sizes, region, aspectRatio = "stretch" } = attributes;
  const isCrop = attributes.coordinates === "tf_crop_and_resize";
  if (attributes.antialias && (attributes.mode ?? "nearest") === "nearest") {
    throw new RangeError(`${who}: expected linear or cubic mode for antialias, got nearest`);
  }
  const axes = (attributes.axes ?? shape.map((_, i) => i)).map((axis) => axisOf(who, axis, shape.length));
  if (new Set(axes).size < axes.length) throw new RangeError(`${who}: expected each axis once, got ${shapeText(axes)}`);
  if ((scales === undefined) === (sizes === undefined)) {
    throw new RangeError(`${who}: expected either scales or sizes, got ${scales ? "both" : "neither"}`);
  }
  if (scales) checkList(who, "scales", scales, axes.length, false);
  if (sizes) checkList(who, "sizes", sizes, axes.length, true);
  if (isCrop && region?.length !== 2 * axes.length) {
    throw new RangeError(`${who}: expected a region of ${2 * axes.length} numbers, got ${region?.length ?? "none"}`);
  }
  let factors = scales ?? axes.map((axis, i) => sizes![i]! / shape[axis]!);
  let counts = sizes ?? axes.map((axis, i) => Math.floor(scales![i]! * shape[axis]!));
  if (sizes && aspectRatio !== "stretch" && axes.length > 0) {
    const common = aspectRatio === "not_larger" ? Math.min(...factors) : Math.max(...factors);
    factors = axes.map(() => common);
    counts = axes.map((axis) => Math.floor(common * shape[axis]! + 0.5));
  }
  const result = shape.map((dim, axis) => counts[axes.indexOf(axis)] ?? dim);
  checkedSize(who, result);
  const resized = axes.map((at, i) => {
    const [start, end] = [region?.[i] ?? 0, region?.[axes.length + i] ?? 1];
    return [at, { size: shape[at]!, scale: factors[i]!, count: counts[i]!, start, end }] as const;
  });
  const changed = resized.filter(([, { size, scale, count, start, end }]) => {
    const isSame = Math.abs(scale - 1) <= 1e-9 && count === size;
    return !isSame || (isCrop && (start !== 0 || end !== 1));
  });
  if (changed.some(([, { size, count }]) => size === 0 && count > 0)) {
    throw new RangeError(`${who}: expected an input with elements, got ${shapeText(shape)}`);
  }
  return { shape: result, axes: changed };
}

/** The new shape of a resize. @throws {RangeError} as {@link resizePlan}. */
export const resizeShape = (shape: Shape, attributes: ResizeAttributes): number[] =>
  resizedAxes("resize", shape, attributes).shape;

/** The axes that a resize changes. @throws {RangeError} as {@link resizePlan}. */
export const resizeAxes = (shape: Shape, attributes: ResizeAttributes): number[] =>
  resizedAxes("resize", shape, attributes).axes.map(([at]) => at);

/**
 * The tables of a resize.
 *
 * @throws {RangeError} when lists don't match the axes, both or neither of `scales` and `sizes` are given, or an axis without elements
 *   would get some.
 */
export function resizePlan(who: string, shape: Shape, attributes: ResizeAttributes): ResizePlan {
  const resized = resizedAxes(who, shape, attributes);
  const outside = new Array<readonly boolean[] | undefined>(shape.length).fill(undefined);
  const tables: { axis: number; table: AxisTable }[] = [];
  for (const [at, axis] of resized.axes) {
    const { table, isOutside } = tableOf(axis, attributes);
    tables.push({ axis: at, table });
    if (isOutside.includes(true)) outside[at] = isOutside;
  }
  return { shape: resized.shape, tables, outside };
}
