import { normals, type Shape, sizeOf, stream, stridesOf, type Tensor, tensor } from "@neft/tensor";

/** Reproducible normal numbers for a tensor of this shape. */
export function values(name: string, shape: Shape): Float32Array {
  return normals(stream(3, { purpose: "naive", name }), sizeOf(shape));
}

/** A tensor of reproducible normal numbers in the current scope. */
export function filled(name: string, shape: Shape): Tensor {
  return tensor(values(name, shape), shape);
}

/** Every index tuple of a shape, row-major. */
export function* indices(shape: Shape): Generator<number[]> {
  const strides = stridesOf(shape);
  for (let i = 0; i < sizeOf(shape); i++) yield shape.map((dim, axis) => Math.floor(i / strides[axis]!) % dim);
}

/** An element of x; 0 outside its shape. */
export function at(x: Float32Array, shape: Shape, index: readonly number[]): number {
  if (index.some((i, axis) => i < 0 || i >= shape[axis]!)) return 0;
  return x[stridesOf(shape).reduce((sum, stride, axis) => sum + stride * index[axis]!, 0)]!;
}

/** max |got − want| / max(1, max |want|); NaN when shape or length differs. */
export function distance(got: Tensor, shape: Shape, want: readonly number[]): number {
  if (String(got.shape) !== String(shape) || got.size !== want.length) return Number.NaN;
  const scale = want.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  return got.floats().reduce((most, v, i) => Math.max(most, Math.abs(v - want[i]!)), 0) / scale;
}
