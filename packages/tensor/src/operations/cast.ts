import { convertData, type DType, type TensorData, zeroData } from "../dtype.js";
import { alias, owned, type Tensor, tensor } from "../tensor.js";

/**
 * The elements as another type, by ONNX's rules: real numbers lose their fraction toward 0, integers keep their low bits,
 * bool is 1 where the element isn't 0. No gradient flows through a change of type.
 *
 * @throws {RangeError} when a real number to become an integer is not finite or too large.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  x.check("cast");
  if (x.dtype === dtype) {
    if (!x.requiresGrad) return owned(alias(x));
    throw new TypeError(`cast: expected a constant, got a tensor with a gradient, which is ${dtype} already`);
  }
  const source = x.values();
  if (dtype === "bool")
    return tensor(
      Uint8Array.from(source as ArrayLike<number>, (v) => (Number(v) === 0 ? 0 : 1)),
      x.shape,
      dtype,
    );
  if (dtype === "f32" || dtype === "f64")
    return tensor(Float64Array.from(source as ArrayLike<number>, Number), x.shape, dtype);
  return tensor(convertData("cast", wholeData(source, dtype), dtype), x.shape, dtype);
}

const bits = { i64: 64, i32: 32, u8: 8, i8: 8 } as const;

function wholeData(source: TensorData, dtype: keyof typeof bits): TensorData | bigint[] {
  const wrap = dtype === "u8" ? BigInt.asUintN : BigInt.asIntN;
  if (source.length === 0) return zeroData(dtype, 0);
  return Array.from(source as ArrayLike<number | bigint>, (value) => {
    if (typeof value === "bigint") return wrap(bits[dtype], value);
    if (!(Math.abs(value) < 2 ** 63)) throw new RangeError(`cast: expected numbers within ${dtype}, got ${value}`);
    return wrap(bits[dtype], BigInt(Math.trunc(value)));
  });
}
