/** How values between the pixels of an image are interpolated. */
export type SampleMode = "nearest" | "linear" | "cubic";

/** Values outside an image: 0, that of the nearest pixel, or that of the mirrored position. */
export type SamplePadding = "zeros" | "border" | "reflection";

/** How {@link Neighbours} samples. */
export interface SampleAttributes {
  readonly mode: SampleMode;
  readonly padding: SamplePadding;
  /** Mirror at the centres of the outermost pixels instead of their edges. */
  readonly alignCorners: boolean;
}

const perAxis: Readonly<Record<SampleMode, number>> = { nearest: 1, linear: 2, cubic: 4 };

/** Cubic convolution kernel with coefficient −0.75 at the four neighbours of a position r ∈ [0, 1) behind the second, and its slopes. */
function cubicWeights(r: number): [weights: number[], slopes: number[]] {
  const a = -0.75;
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  const nearSlope = (d: number) => (3 * (a + 2) * d - 2 * (a + 3)) * d;
  const farSlope = (d: number) => (3 * a * d - 10 * a) * d + 8 * a;
  return [
    [far(r + 1), near(r), near(1 - r), far(2 - r)],
    [farSlope(r + 1), nearSlope(r), -nearSlope(1 - r), -farSlope(2 - r)],
  ];
}

/** Mirrors a position at the ends of an interval until it lies inside. @returns it, and the sign of its slope. */
function reflected(x: number, low: number, high: number): [position: number, sign: number] {
  const span = high - low;
  if (x >= low && x <= high) return [x, 1];
  if (span === 0) return [low, 0];
  const distance = x < low ? low - x : x - high;
  const turns = Math.trunc(distance / span);
  const rest = distance - turns * span;
  const isEven = turns % 2 === 0;
  return [x < low === isEven ? low + rest : high - rest, isEven ? -1 : 1];
}

/** Rounds to the nearest whole number, halves to the even one. */
function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The pixels around a point of an image, with their weights and the slopes of these by the point's coordinates. */
export class Neighbours {
  /** Number of neighbours. */
  readonly count: number;
  /** Position of each neighbour in the image; −1 for one outside that counts as 0. */
  readonly positions: Int32Array;
  readonly weights: Float64Array;
  /** For each axis, the slope of each weight by the coordinate along it. */
  readonly slopes: readonly Float64Array[];
  readonly #perAxis: number;
  readonly #sizes: readonly number[];
  readonly #attributes: SampleAttributes;
  readonly #pixels: Int32Array[];
  readonly #axisWeights: Float64Array[];
  readonly #axisSlopes: Float64Array[];

  /** @param sizes  Sizes of the image's axes. */
  constructor(sizes: readonly number[], attributes: SampleAttributes) {
    this.#sizes = sizes;
    this.#attributes = attributes;
    this.#perAxis = perAxis[attributes.mode];
    this.count = sizes.reduce((count) => count * this.#perAxis, 1);
    this.positions = new Int32Array(this.count);
    this.weights = new Float64Array(this.count);
    this.slopes = sizes.map(() => new Float64Array(this.count));
    this.#pixels = sizes.map(() => new Int32Array(this.#perAxis));
    this.#axisWeights = sizes.map(() => new Float64Array(this.#perAxis));
    this.#axisSlopes = sizes.map(() => new Float64Array(this.#perAxis));
  }

  /** Sets the coordinate along an axis, in pixels. `slope`: of the coordinate by what the slopes are asked for. */
  set(axis: number, coordinate: number, slope: number): void {
    const { mode, padding, alignCorners } = this.#attributes;
    const size = this.#sizes[axis]!;
    const [low, high] = alignCorners ? [0, size - 1] : [-0.5, size - 0.5];
    let [x, factor] = [mode === "nearest" ? roundEven(coordinate) : coordinate, mode === "nearest" ? 0 : slope];
    // The four neighbours of a cubic sample are clamped one by one, as in PyTorch.
    if ((x < low || x > high) && padding === "border" && mode !== "cubic") [x, factor] = [x < low ? 0 : size - 1, 0];
    if ((x < low || x > high) && padding === "reflection") {
      const [mirrored, sign] = reflected(x, low, high);
      [x, factor] = [mirrored, factor * sign];
    }
    const floor = Math.floor(x);
    const rest = x - floor;
    const [weights, slopes] =
      mode === "nearest"
        ? [[Number.isNaN(x) ? x : 1], [0]]
        : mode === "linear"
          ? [
              [1 - rest, rest],
              [-1, 1],
            ]
          : cubicWeights(rest);
    const first = mode === "cubic" ? floor - 1 : floor;
    for (let i = 0; i < this.#perAxis; i++) {
      this.#pixels[axis]![i] = this.#pixelAt(first + i, size, low, high);
      this.#axisWeights[axis]![i] = weights[i]!;
      this.#axisSlopes[axis]![i] = slopes[i]! * factor;
    }
  }

  /** Pixel of a whole position; −1 for one that counts as 0. Without a number it is 0: the weight isn't one, either. */
  #pixelAt(position: number, size: number, low: number, high: number): number {
    if (position >= 0 && position < size) return position;
    if (Number.isNaN(position)) return 0;
    const { padding } = this.#attributes;
    if (padding === "zeros") return -1;
    const inside = padding === "border" ? position : Math.trunc(reflected(position, low, high)[0]);
    return Math.min(Math.max(inside, 0), size - 1);
  }

  /** Computes the neighbours from the coordinates of all axes. */
  combine(): void {
    const [axes, per] = [this.#sizes.length, this.#perAxis];
    for (let n = 0; n < this.count; n++) {
      let [position, weight, rest] = [0, 1, n];
      let step = 1;
      for (let axis = 0; axis < axes; axis++) this.slopes[axis]![n] = 1;
      for (let axis = axes - 1; axis >= 0; axis--) {
        const i = rest % per;
        rest = (rest - i) / per;
        const pixel = this.#pixels[axis]![i]!;
        position = pixel < 0 || position < 0 ? -1 : position + pixel * step;
        step *= this.#sizes[axis]!;
        weight *= this.#axisWeights[axis]![i]!;
        for (let other = 0; other < axes; other++) {
          this.slopes[other]![n]! *= other === axis ? this.#axisSlopes[axis]![i]! : this.#axisWeights[axis]![i]!;
        }
      }
      this.positions[n] = position;
      this.weights[n] = weight;
    }
  }

  /** The value at the point. @param start  Position of the image's first pixel in `values`. */
  value(values: Float32Array, start: number, weights = this.weights): number {
    let sum = 0;
    for (let n = 0; n < this.count; n++) {
      const position = this.positions[n]!;
      if (position >= 0) sum += weights[n]! * values[start + position]!;
    }
    return sum;
  }

  /** Adds the gradient by the pixels, given that by the value at the point. */
  addGradient(dy: number, sums: Float64Array, start: number): void {
    for (let n = 0; n < this.count; n++) {
      const position = this.positions[n]!;
      if (position >= 0) sums[start + position]! += this.weights[n]! * dy;
    }
  }
}
