import { f32, u8, wasm, withBlocks } from "@neft/kernels";
import { checkShape, type Shape, sizeOf } from "./shape.js";
import { empty, type Tensor } from "./tensor.js";

/**
 * Bytes as f32 by a table for each channel: y = tables[channel][byte], in the current scope.
 *
 * @param shape   [samples, ..]; the elements of a sample are those of the first channel, then the second, and so on.
 * @param tables  256 values for each channel; channels divide the size of a sample.
 * @param fill    Writes all bytes in row-major order, to a view of the kernels' memory that is valid during the call alone.
 * @throws {RangeError} when the tables don't fit the shape.
 */
export function fromBytes(shape: Shape, tables: readonly Float32Array[], fill: (bytes: Uint8Array) => void): Tensor {
  checkShape("fromBytes", shape);
  const [samples = 1, ...rest] = shape;
  const [size, channels] = [sizeOf(rest), tables.length];
  if (channels === 0 || size % channels !== 0 || tables.some((table) => table.length !== 256)) {
    const lengths = tables.map((table) => table.length).join(", ");
    throw new RangeError(`fromBytes: expected tables of 256 values that divide ${size} elements, got [${lengths}]`);
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
