/** Numbers of a file, read one by one in their stored type, so that nothing is rounded before their use is known. */
export interface Numbers {
  readonly length: number;
  /** The numbers in the order of `at`, if they are unsigned bytes. */
  readonly bytes?: Uint8Array | undefined;
  /** Whether the stored type is an integer type. */
  readonly isInteger: boolean;
  at(index: number): number | bigint;
}

/**
 * Copies samples: unsigned bytes stay bytes, other numbers become f32, truth values 0 and 1.
 * @throws {Error} for the first integer that f32 can't represent, since integers are never rounded.
 */
export function sampleValues(who: string, numbers: Numbers): Uint8Array | Float32Array {
  if (numbers.bytes) return numbers.bytes.slice();
  const values = new Float32Array(numbers.length);
  for (let i = 0; i < values.length; i++) {
    const stored = numbers.at(i);
    values[i] = Number(stored);
    if (!numbers.isInteger || (typeof stored === "bigint" ? BigInt(values[i]!) : values[i]) === stored) continue;
    throw new Error(
      `${who}: expected integers that 32-bit floats represent exactly, such as all up to 16777216, got ${stored}; if they may be rounded, convert them with .astype("float32")`,
    );
  }
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
