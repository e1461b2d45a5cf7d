import { allocate, f64, release, wasm, withBlocks } from "@neft/kernels";

/**
 * An array of cells between word lines, the rows, and bit lines, the columns. Word lines are driven at their left end, bit lines are grounded
 * at their lower end. Each piece of wire has the same resistance: between neighbouring cells, before the first cell of a word line and
 * after the last one of a bit line.
 */
export interface WiredArray {
  readonly rows: number;
  readonly cols: number;
  /** Conductances [rows, cols], ≥ 0; in S, if `resistance` is in Ω. */
  readonly conductances: Float32Array | Float64Array;
  /** Resistance of a piece of wire, ≥ 0. */
  readonly resistance: number;
}

/** @throws {RangeError} for an array out of bounds. */
function check(who: string, { rows, cols, conductances, resistance }: WiredArray): void {
  for (const [name, value] of Object.entries({ rows, cols })) {
    if (!(Number.isInteger(value) && value > 0))
      throw new RangeError(`${who}: ${name}: expected a whole number ≥ 1, got ${value}`);
  }
  if (conductances.length !== rows * cols) {
    throw new RangeError(`${who}: conductances: expected ${rows * cols} values, got ${conductances.length}`);
  }
  const isMagnitude = (value: number) => value >= 0 && value < Infinity;
  if (!isMagnitude(resistance)) {
    throw new RangeError(`${who}: resistance: expected a finite number ≥ 0, got ${resistance}`);
  }
  const wrong = conductances.find((value) => !isMagnitude(value * resistance) || !isMagnitude(value));
  if (wrong !== undefined) {
    throw new RangeError(`${who}: conductances: expected finite numbers ≥ 0, got ${wrong} with wires of ${resistance}`);
  }
}

/**
 * What wires leave of each cell's conductance, approximately: the currents are i_j = Σ_k effective[k, j]·v_k for voltages v of the word lines.
 * One pass over the cells.
 *
 * Differences of voltage between bit lines in the same row are neglected for what a word line carries from one to another. The error is
 * 0.1 to 3 % of what the wires change (root mean square over the cells) up to 128×128 cells of 40 µS or less with wires of 1 Ω; less in the
 * currents.
 *
 * @returns [rows, cols], in the conductances' unit.
 * @throws {RangeError} for an array out of bounds.
 */
export function effectiveConductances(array: WiredArray): Float64Array {
  check("effectiveConductances", array);
  const { rows, cols, conductances, resistance } = array;
  if (resistance === 0) return Float64Array.from(conductances);
  const n = rows * cols;
  return withBlocks([8 * n, 8 * n], (cells, effective) => {
    f64(cells, n).set(conductances);
    scaleBy(f64(cells, n), resistance);
    wasm().wireApproximation(cells, effective, rows, cols);
    return f64(effective, n).map((value) => value / resistance);
  });
}

function scaleBy(values: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
}

/**
 * The same exactly: a solution of Kirchhoff's laws, row by row, so that a caller may stop or do other work in between. Takes
 * about a·b²·(a + b)/2 multiply-adds for a the larger one of rows and cols, b the smaller one, and 8·b·(a + b) bytes.
 *
 * @yields the part that is done, from 0 to 1, after every row; return() frees the memory.
 * @returns [rows, cols], in the conductances' unit.
 * @throws {RangeError} for an array out of bounds, when it is first asked for a row.
 */
export function* solveWires(array: WiredArray): Generator<number, Float64Array, void> {
  check("solveWires", array);
  const { rows, cols, conductances, resistance } = array;
  if (resistance === 0) return Float64Array.from(conductances);
  // Currents stay the same when sources and grounds change places: an array of fewer rows than columns is solved with its word lines as
  // bit lines, both counted from the other end.
  const isTurned = cols > rows;
  const [lines, width] = isTurned ? [cols, rows] : [rows, cols];
  const place = (row: number, col: number) => (isTurned ? (cols - 1 - col) * rows + rows - 1 - row : row * cols + col);
  const sizes = [8 * rows * cols, 8 * wasm().wireStateSize(lines, width)] as const;
  const cells = allocate(sizes[0]);
  let state: number | undefined;
  try {
    state = allocate(sizes[1]);
    const values = f64(cells, rows * cols);
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) values[place(row, col)] = conductances[row * cols + col]! * resistance;
    }
    for (let line = 0; line < lines; line++) {
      wasm().wireRow(state, cells + 8 * line * width, lines, width, line);
      yield (line + 1) / lines;
    }
    wasm().wireSolution(state, cells, lines, width);
    const solved = f64(cells, rows * cols);
    return Float64Array.from(solved, (_, i) => solved[place(Math.floor(i / cols), i % cols)]! / resistance);
  } finally {
    release(cells, sizes[0]);
    if (state !== undefined) release(state, sizes[1]);
  }
}
