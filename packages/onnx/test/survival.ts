import { cpuUsage } from "node:process";
import {
  type GraphNode,
  inferNodes,
  inferValues,
  type KnownValue,
  Model,
  operatorOf,
  run,
  valuesOf,
} from "@neft/model";
import { importOnnx, OnnxError } from "@neft/onnx";
import { type DType, noGrad, scope, sizeOf, type Tensor, tensor, zeroData } from "@neft/tensor";
import { bufferMemory } from "../../tensor/test/bytes.js";

/** How far a file came, and what was wrong with it: nothing, as a rule. */
export interface Outcome {
  readonly reached: "nothing" | "model" | "shapes" | "outputs";
  /** Message of the error that it ended with. */
  readonly refused?: string;
  /** What must not happen. */
  readonly fault?: string;
}

/** An outcome, and the milliseconds until then. */
export interface TimedOutcome extends Outcome {
  readonly time: number;
}

/** Limits on one file: elements and terms of a run, milliseconds, and bytes of array buffers. */
const limits = { elements: 2 ** 20, terms: 2 ** 24, time: 2000, memory: 400e6 } as const;

/** Imports a file, infers its shapes and, where that is little work, runs it. @param seed  Of sizes and elements. */
export function outcomeOf(bytes: Uint8Array, seed = 1): TimedOutcome {
  const start = performance.now();
  const memory = bufferMemory();
  const outcome = tried(bytes, seed);
  let time = performance.now() - start;
  const grown = bufferMemory() - memory;
  if (time > limits.time) time = processorTime(() => tried(bytes, seed));
  const fault =
    outcome.fault ??
    (time > limits.time ? `expected an end after ${limits.time} ms, got ${time.toFixed()}` : undefined) ??
    (grown > limits.memory ? `expected at most ${limits.memory} bytes, got ${grown}` : undefined);
  return { ...outcome, time, ...(fault !== undefined && { fault }) };
}

/** Milliseconds of processor time: others may use the machine. Reading it takes longer than a file, so it is for files that take long. */
function processorTime(work: () => void): number {
  const start = cpuUsage();
  work();
  return cpuUsage(start).user / 1000;
}

function tried(bytes: Uint8Array, seed: number): Outcome {
  let reached: Outcome["reached"] = "nothing";
  let model: Model | undefined;
  try {
    model = importOnnx(bytes);
    if (!(model instanceof Model)) return { reached, fault: `expected a model, got ${model}` };
    reached = "model";
    const sizes = sizesOf(model, seed);
    const known = shapesOf(model, sizes);
    reached = "shapes";
    const wrong = wrongShape(known);
    if (wrong !== undefined) return { reached, fault: wrong };
    if (!isLittleWork(model.nodes, known)) return { reached };
    const fault = runOnce(model, known, seed);
    return fault === undefined ? { reached: "outputs" } : { reached, fault };
  } catch (error) {
    return judged(reached, error);
  } finally {
    model?.dispose();
  }
}

/** An error is ours when it says what was expected. Others are of the language or of WebAssembly. */
function judged(reached: Outcome["reached"], error: unknown): Outcome {
  if (!(error instanceof Error)) return { reached, fault: `expected an Error, got ${error}` };
  const { message } = error;
  if (!/expected .+, got ./s.test(message)) return { reached, fault: `${error.name}: ${message}\n${error.stack}` };
  if (reached === "nothing" && !(error instanceof OnnxError)) return { reached, fault: `${error.name}: ${message}` };
  return { reached, refused: message };
}

/** A small size for every symbol. */
function sizesOf(model: Model, seed: number): Record<string, number> {
  const symbols = new Set(model.inputs.flatMap(({ shape }) => shape.filter((n) => typeof n === "string")));
  return Object.fromEntries([...symbols].map((symbol, i) => [symbol, 1 + ((seed + i) % 3)]));
}

/** What is known of all values; of those that depend on data, nothing. */
function shapesOf(model: Model, sizes: Readonly<Record<string, number>>): Map<string, KnownValue> {
  try {
    return inferValues(model, sizes);
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("depends on data"))) throw error;
  }
  const known = new Map<string, KnownValue>();
  for (const { name, dtype, shape } of model.inputs)
    known.set(name, { dtype, shape: shape.map((n) => (typeof n === "string" ? sizes[n]! : n)) });
  for (const [name, { dtype, shape }] of model.parameters) known.set(name, { dtype, shape });
  for (const [name, one] of model.constants) {
    const data = one.dtype === "f32" ? undefined : (one.toArray() as KnownValue["data"]);
    known.set(name, { dtype: one.dtype, shape: one.shape, ...(data && { data }) });
  }
  return inferNodes(model.nodes, known, { skipUnknown: true });
}

function wrongShape(known: ReadonlyMap<string, KnownValue>): string | undefined {
  for (const [name, { dtype, shape, data }] of known) {
    if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) return `${name}: inferred [${shape}]`;
    if (data !== undefined && data.length !== sizeOf(shape))
      return `${name}: inferred ${data.length} elements of ${dtype} [${shape}]`;
  }
  return undefined;
}

function isLittleWork(nodes: readonly GraphNode[], known: ReadonlyMap<string, KnownValue>): boolean {
  const size = (name: string) => sizeOf(known.get(name)?.shape ?? []);
  let elements = 0;
  let terms = 0;
  for (const name of known.keys()) elements += size(name);
  for (const node of nodes) {
    const row = operatorOf(node);
    const shapes = node.inputs.map((name) => known.get(name)?.shape);
    const each = shapes.includes(undefined) ? 1 : (row.traits.cost?.(shapes, valuesOf(row, node)) ?? 1);
    for (const name of node.outputs) terms += each * size(name);
  }
  return elements <= limits.elements && terms <= limits.terms;
}

/** Runs a model. Returns what is wrong with its outputs. */
function runOnce(model: Model, known: ReadonlyMap<string, KnownValue>, seed: number): string | undefined {
  return scope(() =>
    noGrad(() => {
      const feeds = model.inputs.map(({ name, dtype }) => [name, feedOf(known.get(name)!.shape, dtype, seed)] as const);
      const { outputs } = run(model, Object.fromEntries(feeds));
      for (const [name, { dtype, shape, size }] of outputs) {
        const length = outputs.get(name)!.toArray().length;
        const here = `${dtype} [${shape}]`;
        if (length !== size || size !== sizeOf(shape)) return `${name}: ${length} elements of ${here}`;
        const inferred = known.get(name);
        if (inferred !== undefined && here !== `${inferred.dtype} [${inferred.shape}]`)
          return `${name}: inferred ${inferred.dtype} [${inferred.shape}], got ${here}`;
      }
      return undefined;
    }),
  );
}

/** Small elements, so that those of integer inputs are sizes and indices. */
function feedOf(shape: readonly number[], dtype: DType, seed: number): Tensor {
  const data = zeroData(dtype, sizeOf(shape));
  const slots = data as { [index: number]: number | bigint };
  for (let i = 0; i < data.length; i++) {
    const element = (seed + 7 * i) % 5;
    slots[i] = dtype === "i64" || dtype === "u64" ? BigInt(element) : dtype === "bool" ? element % 2 : element;
  }
  return tensor(data, shape, dtype);
}
