import {
  type BenchmarkFile,
  type EqualisationFile,
  type EvaluationFile,
  type FinetuningFile,
  parseResults,
} from "../src/results.js";

/** Reads an evaluation's results from parsed JSON, checked. */
export const evaluationFile = (json: unknown): EvaluationFile => fileOf("evaluation", json);

/** Reads a finetuning's results from parsed JSON, checked. */
export const finetuningFile = (json: unknown): FinetuningFile => fileOf("finetuning", json);

/** Reads an equalisation's results from parsed JSON, checked. */
export const equalisationFile = (json: unknown): EqualisationFile => fileOf("equalisation", json);

/** Reads a benchmark's results from parsed JSON, checked. */
export const benchmarkFile = (json: unknown): BenchmarkFile => fileOf("benchmark", json);

function fileOf<Kind extends "evaluation" | "finetuning" | "equalisation" | "benchmark">(kind: Kind, json: unknown) {
  const file = parseResults(JSON.stringify(json));
  if (file.kind !== kind) throw new Error(`expected a file of kind ${kind}, got ${file.kind}`);
  return file as Extract<typeof file, { kind: Kind }>;
}
