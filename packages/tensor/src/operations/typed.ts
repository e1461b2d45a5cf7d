import { type TensorData, zeroData } from "../dtype.js";
import { broadcastStrides, type Shape, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";

type Arithmetic = "add" | "sub" | "mul" | "div";

const realPairs: Record<Arithmetic, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

const bigPairs: Record<Arithmetic, (a: bigint, b: bigint) => bigint> = {
  add: (a, b) => BigInt.asIntN(64, a + b),
  sub: (a, b) => BigInt.asIntN(64, a - b),
  mul: (a, b) => BigInt.asIntN(64, a * b),
  div: (a, b) => a / b,
};

/**
 * Arithmetic of types other than f32, as shape computations need it; integers wrap and divide toward 0.
 *
 * @throws {RangeError} when an integer is divided by 0.
 */
export function pairTyped(name: Arithmetic, a: Tensor, b: Tensor, shape: Shape): TensorData {
  const { dtype } = a;
  if (dtype === "bool") throw new TypeError(`${name}: expected numbers, got bool`);
  const [x, y, out] = [a.values(), b.values(), zeroData(dtype, sizeOf(shape))];
  const places = [placesOf(a.shape, shape), placesOf(b.shape, shape)] as const;
  const isInteger = dtype !== "f64";
  for (let i = 0; i < out.length; i++) {
    const [p, q] = [x[places[0](i)]!, y[places[1](i)]!];
    if (name === "div" && isInteger && Number(q) === 0)
      throw new RangeError(`div: expected ${dtype} divisors other than 0, got 0`);
    if (typeof p === "bigint") out[i] = bigPairs[name](p, q as bigint);
    else
      out[i] =
        isInteger && name === "mul" ? Math.imul(p, q as number) : toward(isInteger, realPairs[name](p, q as number));
  }
  return out;
}

function toward(isInteger: boolean, value: number): number {
  return isInteger ? Math.trunc(value) : value;
}

/** Where element i of the broadcast is in a tensor of shape `from`. */
function placesOf(from: Shape, to: Shape): (i: number) => number {
  const strides = broadcastStrides(from, to);
  return (i) => {
    let [rest, place] = [i, 0];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const dim = to[axis]!;
      place += (rest % dim) * strides[axis]!;
      rest = Math.floor(rest / dim);
    }
    return place;
  };
}
