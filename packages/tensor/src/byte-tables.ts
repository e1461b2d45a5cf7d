import { f32, u8, wasm, withBlocks } from "@neft/kernels";
import { checkShape, type Shape, sizeOf } from "./shape.js";
import { empty, type Tensor } from "./tensor.js";

/**
 * Converts bytes to f32 with a lookup table per channel: y = tables[channel][byte], in the current scope.
 *
 * @param shape   [samples, ..]. A sample holds all elements of its first channel, then of its second, and so on.
 * @param tables  256 values for each channel. The number of channels must divide the size of a sample.
 * @param fill    Writes all bytes in row-major order. Its view is valid during the call only.
 * @throws {RangeError} when the tables don't match the shape.
 */
export function fromBytes(shape: Shape, tables: readonly Float32Array[], fill: (bytes: Uint8Array) => void): Tensor {
  checkShape("fromBytes", shape);
  const [samples = 1, ...rest] = shape;
  const [size, channels] = [sizeOf(rest), tables.length];
  if (channels === 0 || size % channels !== 0 || tables.some((table) => table.length !== 256)) {
    const lengths = tables.map((table) => table.length).join(", ");
    throw new RangeError(
      `fromBytes: expected tables of 256 values whose number divides ${size} elements, got lengths [${lengths}]`,
    );
  }
  const y = empty(Object.freeze([...shape]));
  withBlocks([samples * size, 4 * 256 * channels], (bytes, tablesAt) => {
    fill(u8(bytes, samples * size));
    const all = f32(tablesAt, 256 * channels);
    for (const [c, table] of tables.entries()) all.set(table, 256 * c);
    wasm().lookUp(bytes, tablesAt, y.ptr, samples, channels, size / channels);
  });
  return y;
}
