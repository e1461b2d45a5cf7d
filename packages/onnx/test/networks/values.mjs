// Kinds of inputs in the table of networks, and the values that a test or a bench feeds.

/**
 * @typedef {"f32" | "i64"} DType
 * @typedef {Readonly<Record<string, number>>} Sizes  numbers by symbol. `seed` chooses the values; default: 1.
 * @typedef {{ next: () => number, at: (axis: number) => number, sizes: Sizes }} Draw
 *   pseudorandom numbers in [0, 1), the element's index along an axis, and the sizes.
 * @typedef {{ dtype: DType, shape: readonly (number | string)[], draw: (from: Draw) => number }} Input
 * @typedef {{ dtype: DType, shape: readonly number[], data: Float32Array | BigInt64Array }} Value
 */

/** Floats between two bounds. @type {(shape: (number | string)[], low?: number, high?: number) => Input} */
export const floats = (shape, low = -1, high = 1) => ({
  dtype: "f32",
  shape,
  draw: ({ next }) => low + (high - low) * next(),
});

/** Integers from 0 up to a bound. @type {(shape: (number | string)[], below: number) => Input} */
export const integers = (shape, below) => ({ dtype: "i64", shape, draw: ({ next }) => Math.floor(below * next()) });

/** One integer, which is a symbol's number. @type {(symbol: string) => Input} */
export const number = (symbol) => ({ dtype: "i64", shape: [], draw: ({ sizes }) => sizes[symbol] ?? 0 });

/**
 * Pictures of squares, each low or high in all channels.
 *
 * @param {(number | string)[]} shape
 * @param {[number, number]} axes  of rows and of columns; axis 0 has the pictures.
 * @param {{ low: number, high: number, side: number, isDrawn?: (row: number, column: number) => boolean }} look
 *   `side` of a square in pixels; squares that aren't drawn are low. Default: all are.
 * @returns {Input}
 */
export function squares(shape, [rows, columns], { low, high, side, isDrawn = () => true }) {
  const draw = ({ at, sizes }) => {
    const [row, column] = [Math.floor(at(rows) / side), Math.floor(at(columns) / side)];
    const isHigh = isDrawn(row, column) && hash([sizes.seed ?? 1, at(0), row, column]) < 0.5;
    return isHigh ? high : low;
  };
  return { dtype: "f32", shape, draw: /** @type {Input["draw"]} */ (draw) };
}

/** Pictures that look like lines of small letters. @type {(shape: (number | string)[], axes: [number, number], low: number, high: number) => Input} */
export const writing = (shape, axes, low, high) =>
  squares(shape, axes, { low, high, side: 3, isDrawn: (row, column) => row % 8 < 4 && column % 7 < 6 });

/**
 * Values for a network's inputs, the same ones for the same sizes.
 *
 * @param {{ inputs: Readonly<Record<string, Input>> }} network
 * @param {Sizes} sizes  numbers for all symbols of its inputs.
 * @returns {Record<string, Value>} by name.
 */
export function feedsOf({ inputs }, sizes) {
  let count = 0;
  const next = () => hash([sizes.seed ?? 1, count++]);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape, draw }]) => {
      const lengths = shape.map((axis) => (typeof axis === "number" ? axis : sizeOf(axis, sizes)));
      const strides = lengths.map((_, axis) =>
        lengths.slice(axis + 1).reduce((product, length) => product * length, 1),
      );
      const size = lengths.reduce((product, length) => product * length, 1);
      const data = dtype === "f32" ? new Float32Array(size) : new BigInt64Array(size);
      for (let i = 0; i < size; i++) {
        const at = (/** @type {number} */ axis) => Math.floor(i / (strides[axis] ?? 1)) % (lengths[axis] ?? 1);
        const value = draw({ next, at, sizes });
        data[i] = dtype === "f32" ? value : BigInt(value);
      }
      return [name, { dtype, shape: lengths, data }];
    }),
  );
}

/** @param {string} symbol @param {Sizes} sizes */
function sizeOf(symbol, sizes) {
  const size = sizes[symbol];
  if (size === undefined) throw new Error(`feedsOf: expected a size for ${symbol}, got none`);
  return size;
}

/** A pseudorandom number in [0, 1) for each list of integers. @param {readonly number[]} values */
function hash(values) {
  let state = 2654435761;
  for (const value of values) {
    state = Math.imul(state ^ value, 2246822519);
    state = Math.imul(state ^ (state >>> 15), 3266489917);
    state ^= state >>> 13;
  }
  return (state >>> 8) / 2 ** 24;
}
