import { chipOf, digitalBackend, variationBackend } from "@neft/crossbar";
import { batchTensor, gatherLabels } from "@neft/data";
import type { BoundNetwork } from "@neft/evaluation";
import { type ArrayBackend, arrayNodes, run, type Step, trainableParameters, valueShapes } from "@neft/model";
import { backward, crossEntropy, lastRecorded, noGrad, scope, type Tensor } from "@neft/tensor";
import { nextTurn } from "@neft/work";
import { fastestHalf } from "./averages.js";
import type { Clock } from "./clock.js";
import type { Samples } from "./samples.js";
import type { ResolvedBenchmark } from "./settings.js";
import { countFlops } from "./work.js";

/** Time of one pass through a layer. */
export interface PassTime {
  readonly ms: number;
  /** GFLOP/s, counted as for direct convolution; null for layers that aren't products. */
  readonly rate: number | null;
  /** `rate` relative to the roofline of one thread. Above 1 where an algorithm needs fewer operations than are counted (Winograd's). */
  readonly share: number | null;
}

/** Times of one layer in a training step on one thread, digitally, and what the variation adds. */
export interface LayerTimes {
  readonly name: string;
  /** Its operator. */
  readonly op: string;
  /** Operators that run as part of it. */
  readonly fused: readonly string[];
  /** Shape of its output, with the batch. */
  readonly outputShape: readonly number[];
  readonly forward: PassTime;
  /** Null if the network can't be trained. */
  readonly backward: PassTime | null;
  /** Milliseconds that drawing the variation adds; null for layers that aren't on crossbars. */
  readonly variation: { readonly forward: number; readonly backward: number } | null;
}

/** A network, a batch of samples for it, and how long to measure. */
export interface LayerOptions {
  readonly network: BoundNetwork;
  readonly samples: Samples;
  /** Samples of a pass. */
  readonly batch: number;
  readonly canTrain: boolean;
  readonly settings: ResolvedBenchmark;
  /** GFLOP/s of one thread. */
  readonly roofline: number;
  readonly now: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds of each step of one pass. */
interface Pass {
  readonly steps: readonly Step[];
  readonly outputShapes: readonly (readonly number[])[];
  readonly forward: readonly number[];
  readonly backward: readonly number[];
}

/** Fewest rounds; the first one is warm-up. */
const leastRounds = 3;

/**
 * Measures every layer of a network in a training step, or in a forward pass if the network can't be trained. Passes without and with
 * variation take turns until twice `seconds` have passed. Returns to the event loop after each pass.
 */
export async function measureLayers(options: LayerOptions): Promise<LayerTimes[]> {
  const { settings, now, signal } = options;
  const passes: Record<"digital" | "varied", Pass[]> = { digital: [], varied: [] };
  const start = now();
  for (let round = 0; round < leastRounds || now() - start < 2000 * settings.seconds; round++) {
    const backends = { digital: digitalBackend, varied: variationOf(settings, round) };
    for (const kind of ["digital", "varied"] as const) {
      await nextTurn();
      signal?.throwIfAborted();
      passes[kind].push(timePass(options, backends[kind], round));
    }
  }
  // Engines compile during the first rounds.
  const steady = (kind: keyof typeof passes): Pass[] => passes[kind].slice(Math.ceil(passes[kind].length / 4));
  return layersOf(options, steady("digital"), steady("varied"));
}

/** The variation of one training step. */
function variationOf(settings: ResolvedBenchmark, step: number): ArrayBackend {
  const spec = chipOf(settings, Math.max(...settings.sigma));
  return variationBackend(spec, { seed: settings.seed, purpose: "benchmark.layers", index: 0, step });
}

/** Runs forward and backward through a batch, and takes the time of each layer. */
function timePass(
  { network, samples, batch, canTrain, settings, now }: LayerOptions,
  backend: ArrayBackend,
  step: number,
): Pass {
  const { model, logits } = network;
  const trained = trainableParameters(model).map((name) => model.parameters.get(name)!);
  const pass = { steps: [] as Step[], outputShapes: [] as (readonly number[])[], forward: [] as number[] };
  /** The last recorded operation of each step and of those before it. */
  const lastOperations: number[] = [];
  const observe = (step: Step, compute: () => readonly Tensor[]) => {
    const start = now();
    const results = compute();
    pass.forward.push(now() - start);
    pass.steps.push(step);
    pass.outputShapes.push(results[0]!.shape);
    lastOperations.push(lastRecorded());
    return results;
  };
  return scope(() => {
    const input = model.inputs[0]!;
    const indices = Uint32Array.from({ length: batch }, (_, i) => i % samples.data.count);
    const x = batchTensor(samples.data, indices, samples.normalisation, input.shape, input.dtype);
    const forward = { backend, outputs: [logits], observe };
    if (!canTrain) {
      noGrad(() => run(model, x, forward));
      return { ...pass, backward: [] };
    }
    const { outputs } = run(model, x, { ...forward, batchNorm: "batch", dropout: { seed: settings.seed, step } });
    const loss = crossEntropy(outputs.get(logits)!, gatherLabels(samples.data, indices));
    const times = lastOperations.map(() => 0);
    backward(loss, trained, (id, work) => {
      const start = now();
      work();
      const ms = now() - start;
      // The loss belongs to no layer.
      const at = lastOperations.findIndex((last) => id <= last);
      if (at >= 0) times[at]! += ms;
    });
    return { ...pass, backward: times };
  });
}

/** Combines the passes' times. */
function layersOf(
  { network: { model }, batch, canTrain, roofline }: LayerOptions,
  digital: readonly Pass[],
  varied: readonly Pass[],
): LayerTimes[] {
  const means = (passes: readonly Pass[]) => {
    const mean = (times: (pass: Pass) => readonly number[]) =>
      times(passes[0]!).map((_, i) => fastestHalf(passes.map((pass) => times(pass)[i]!)));
    return { forward: mean(({ forward }) => forward), backward: mean(({ backward }) => backward) };
  };
  const [clean, noisy] = [means(digital), means(varied)];
  const shapes = valueShapes(model, batch);
  const flops = countFlops(model.nodes, shapes, canTrain ? trainableParameters(model) : []);
  const onArray = new Set(arrayNodes(model).map(({ node }) => node.name));
  const timeOf = (ms: number, operations: number | undefined): PassTime => {
    const rate = operations && ms > 0 ? operations / ms / 1e6 : null;
    return { ms, rate, share: rate === null ? null : rate / roofline };
  };
  const { steps, outputShapes } = digital[0]!;
  return steps.map(({ node, pooled, rectified }, i) => {
    const [forward, backward] = [clean.forward[i]!, clean.backward[i] ?? 0];
    return {
      name: node.name,
      op: node.op,
      fused: [...(pooled ? ["MaxPool"] : []), ...(rectified ? ["Relu"] : [])],
      outputShape: outputShapes[i]!,
      forward: timeOf(forward, flops.get(node.name)?.forward),
      backward: canTrain ? timeOf(backward, flops.get(node.name)?.backward) : null,
      variation: onArray.has(node.name)
        ? { forward: noisy.forward[i]! - forward, backward: canTrain ? noisy.backward[i]! - backward : 0 }
        : null,
    };
  });
}
