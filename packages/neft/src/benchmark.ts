import { type Model, modelRule } from "@neft/model";
import { resolveOptions } from "@neft/options";
import { type BenchmarkResult, benchmark as benchmarkModel, type ThreadSource } from "@neft/profile";
import { type BenchmarkOptions, benchmarkOptions } from "./benchmark-settings.js";
import { withWorkers } from "./shared-options.js";
import type { Workers } from "./workers.js";

/**
 * Measures a network on this machine: times of its layers against the machine's roofline, what the variation adds, chips and steps a
 * second, memory; and predicts how long an evaluation and a finetuning take. The model doesn't change, and no data is needed.
 *
 * Times depend on what else the machine does. With `workers: n`, rates are measured with 1, 2, 4, … and n threads.
 * @throws {RangeError} if an option is unknown or out of range, the network doesn't fit, or sizes of its input are free and `shape` isn't
 *   given.
 */
export async function benchmark(model: Model, options: BenchmarkOptions = {}): Promise<BenchmarkResult> {
  modelRule(model, "benchmark: model");
  const { workers, ...settings } = resolveOptions("benchmark", options, benchmarkOptions);
  return benchmarkModel({ ...settings, model, threads: threadSources(workers) });
}

/** Pools of 2, 4, … and n workers, each closed after its use; or the given pool. */
function threadSources(workers: number | Workers | undefined): ThreadSource[] {
  const source = (size: number, given: number | Workers): ThreadSource => ({
    size,
    use: (use) => withWorkers(given, (pool) => use(pool!)),
  });
  if (typeof workers === "object") return [source(workers.size, workers)];
  const most = workers ?? 1;
  const sizes: number[] = [];
  for (let size = 2; size < most; size *= 2) sizes.push(size);
  if (most > 1) sizes.push(most);
  return sizes.map((size) => source(size, size));
}
