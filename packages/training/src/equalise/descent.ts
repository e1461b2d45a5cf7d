/** Bounds of a factor. They only hold where nothing else does, as for channels of zeros. */
const bounds = { min: 1 / 64, max: 64 };

/** Adam on the logarithms of positive numbers. Without logarithms: eᵈ is (1 + d/2)/(1 − d/2) to third order of a small d. */
export class Descent {
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  #decayMean = 1;
  #decaySquare = 1;

  /** @param values  Changed in place. */
  constructor(readonly values: Float64Array) {
    this.#mean = new Float64Array(values.length);
    this.#square = new Float64Array(values.length);
  }

  /** @param gradient  By the logarithms. @param rate  Largest step of a logarithm, about. */
  step(gradient: Float64Array, rate: number): void {
    this.#decayMean *= 0.9;
    this.#decaySquare *= 0.999;
    for (let i = 0; i < gradient.length; i++) {
      const slope = gradient[i]!;
      this.#mean[i] = 0.9 * this.#mean[i]! + 0.1 * slope;
      this.#square[i] = 0.999 * this.#square[i]! + 0.001 * slope * slope;
      if (this.#square[i] === 0) continue;
      const mean = this.#mean[i]! / (1 - this.#decayMean);
      const size = Math.sqrt(this.#square[i]! / (1 - this.#decaySquare));
      const d = -(rate * mean) / size;
      this.values[i] = Math.min(bounds.max, Math.max(bounds.min, (this.values[i]! * (1 + d / 2)) / (1 - d / 2)));
    }
  }
}
