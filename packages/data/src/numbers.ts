/** Numbers of a file, read one by one in their stored type, so that nothing is rounded before their use is known. */
export interface Numbers {
  readonly length: number;
  /** The numbers in the order of `at`, if they are unsigned bytes. */
  readonly bytes?: Uint8Array | undefined;
  at(index: number): number | bigint;
}

/**
 * Samples: unsigned bytes as bytes, any other number as f32, truth values as 0 and 1. A copy.
 * @throws {Error} for 64-bit integers, which f32 can't hold.
 */
export function sampleValues(who: string, numbers: Numbers): Uint8Array | Float32Array {
  if (numbers.bytes) return numbers.bytes.slice();
  if (numbers.length > 0 && typeof numbers.at(0) === "bigint") {
    throw new Error(
      `${who}: expected u8, f32 or f64 samples, got 64-bit integers; convert them with .astype("float32"), or .astype("uint8") where they are bytes`,
    );
  }
  const values = new Float32Array(numbers.length);
  for (let i = 0; i < values.length; i++) values[i] = numbers.at(i) as number;
  return values;
}

/**
 * Copies class labels.
 * @throws {Error} for the first number that isn't an integer from 0 to 2³¹ − 1.
 */
export function labelValues(who: string, numbers: Numbers): Int32Array {
  const labels = new Int32Array(numbers.length);
  for (let i = 0; i < labels.length; i++) {
    const stored = numbers.at(i);
    const label = Number(stored);
    if (!Number.isInteger(label) || label < 0 || label > 0x7fffffff) {
      throw new Error(`${who}: expected integers from 0 to 2147483647, got ${stored} for sample ${i}`);
    }
    labels[i] = label;
  }
  return labels;
}
