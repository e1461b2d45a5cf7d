import type { EvaluationResult } from "@neft/evaluation";
import { zipSync } from "fflate";

/** An array of a numpy file. */
interface NumpyArray {
  readonly values: Float32Array | Float64Array | Int32Array;
  readonly shape: readonly number[];
}

/** numpy's names of the types; typed arrays are little-endian on all machines that run Node. */
const dtypes = { Float32Array: "<f4", Float64Array: "<f8", Int32Array: "<i4" } as const;

/** Zip files state the time of each member; a fixed one gives equal files for equal contents. */
const mtime = new Date(1980, 0, 1);

/**
 * The bytes of a numpy archive with the class scores of an evaluation:
 * - `labels`, int32 [samples], and `scores_digital`, float32 [samples, classes];
 * - `sigma`, float64 [results], and `time_s` of the same shape, if ages were given;
 * - `scores_0`, `scores_1`, …, float32 [chips, samples, classes], one for each result.
 *
 * Members are stored: scores are noise to a compressor. fflate writes the archive, because records and checksums of zip are no work of ours;
 * the project's own zip code only reads.
 * @param labels  Class of each sample.
 */
export function predictionsFile({ digital, results }: EvaluationResult, labels: Int32Array): Uint8Array {
  const samples = labels.length;
  const classes = digital.scores!.length / samples;
  const arrays: Record<string, NumpyArray> = {
    labels: { values: labels, shape: [samples] },
    sigma: { values: Float64Array.from(results, ({ sigma }) => sigma), shape: [results.length] },
    ...(results.some(({ time_s }) => time_s !== undefined) && {
      time_s: { values: Float64Array.from(results, ({ time_s = 0 }) => time_s), shape: [results.length] },
    }),
    scores_digital: { values: digital.scores!, shape: [samples, classes] },
    ...Object.fromEntries(
      results.map(({ chips, scores }, i) => [`scores_${i}`, { values: scores!, shape: [chips, samples, classes] }]),
    ),
  };
  const files = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyFile(array)] as const);
  return zipSync(Object.fromEntries(files), { level: 0, mtime });
}

/** A numpy file of version 1.0: its header ends at a multiple of 64 bytes. */
function npyFile({ values, shape }: NumpyArray): Uint8Array {
  const dtype = dtypes[values.constructor.name as keyof typeof dtypes];
  const shapeText = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': ${shapeText}, }`;
  const start = "\x93NUMPY\x01\x00";
  const length = 64 * Math.ceil((start.length + 2 + text.length + 1) / 64);
  const padded = `${text.padEnd(length - start.length - 3)}\n`;
  const bytes = new Uint8Array(length + values.byteLength);
  const put = (at: number, ascii: string) =>
    bytes.set(
      Uint8Array.from(ascii, (one) => one.charCodeAt(0)),
      at,
    );
  put(0, start);
  new DataView(bytes.buffer).setUint16(start.length, padded.length, true);
  put(start.length + 2, padded);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), length);
  return bytes;
}
