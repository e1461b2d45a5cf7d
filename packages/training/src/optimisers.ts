import { inWords } from "@neft/options";
import { adamStep, parameter, sgdStep, type Tensor } from "@neft/tensor";
import { withDefaults } from "./withDefaults.js";

/** Settings of every optimiser, plain data; each reads some of them. */
export interface OptimiserSettings {
  readonly id: string;
  /** Adam's decay of the mean of gradients and of their squares; 0.9 and 0.999 unless said. */
  readonly betas?: readonly [number, number] | undefined;
  /** Adam's guard against division by 0; 1e-8 unless said. */
  readonly epsilon?: number | undefined;
  /** SGD's; 0.9 unless said. */
  readonly momentum?: number | undefined;
  /** L2 penalty, added to the gradient as weightDecay·w; 0 unless said. */
  readonly weightDecay?: number | undefined;
}

/** An optimiser at work on some parameters. */
export interface OptimiserState {
  /** One step down. `gradients` has one tensor for each parameter, in order and of its shape. */
  step(gradients: readonly Tensor[], learningRate: number): void;
  /** Frees what it remembers. */
  dispose(): void;
}

/** One way to turn gradients into steps. */
export interface Optimiser {
  readonly id: string;
  /** The settings it reads, with what they are unless said. */
  readonly defaults: Omit<OptimiserSettings, "id">;
  /** One line for lists. */
  readonly summary: string;
  /** Starts with nothing remembered; its memory lives outside all scopes. */
  start(parameters: readonly Tensor[], settings: OptimiserSettings): OptimiserState;
}

const zerosLike = (tensors: readonly Tensor[]): Tensor[] =>
  tensors.map((t) => parameter(new Float32Array(t.size), t.shape));

const adamDefaults = { betas: [0.9, 0.999] as readonly [number, number], epsilon: 1e-8, weightDecay: 0 };

const adam: Optimiser = {
  id: "adam",
  defaults: adamDefaults,
  summary: "Adam (Kingma & Ba, ICLR 2015)",
  start(parameters, settings) {
    const {
      betas: [beta1, beta2],
      epsilon,
      weightDecay,
    } = withDefaults(adamDefaults, settings);
    const means = zerosLike(parameters);
    const squares = zerosLike(parameters);
    let power1 = 1;
    let power2 = 1;
    return {
      step(gradients, learningRate) {
        power1 *= beta1;
        power2 *= beta2;
        for (const [i, weight] of parameters.entries()) {
          const operands = { weight, gradient: gradients[i]!, mean: means[i]!, square: squares[i]! };
          adamStep(operands, {
            learningRate,
            beta1,
            beta2,
            epsilon,
            bias1: 1 - power1,
            bias2: 1 - power2,
            weightDecay,
          });
        }
      },
      dispose() {
        for (const tensor of [...means, ...squares]) tensor.dispose();
      },
    };
  },
};

const sgdDefaults = { momentum: 0.9, weightDecay: 0 };

const sgd: Optimiser = {
  id: "sgd",
  defaults: sgdDefaults,
  summary: "gradient descent with momentum",
  start(parameters, settings) {
    const { momentum, weightDecay } = withDefaults(sgdDefaults, settings);
    const buffers = momentum === 0 ? [] : zerosLike(parameters);
    return {
      step(gradients, learningRate) {
        for (const [i, weight] of parameters.entries()) {
          const operands = { weight, gradient: gradients[i]!, buffer: buffers[i] };
          sgdStep(operands, { learningRate, momentum, weightDecay });
        }
      },
      dispose() {
        for (const tensor of buffers) tensor.dispose();
      },
    };
  },
};

/** The optimisers that can be asked for by id. */
export const optimisers: ReadonlyMap<string, Optimiser> = new Map([adam, sgd].map((row) => [row.id, row]));

/**
 * The optimiser of that id, its settings checked.
 * @throws {RangeError} for an unknown id or a setting out of range.
 */
export function optimiserNamed(settings: OptimiserSettings): Optimiser {
  // What is left out is in range.
  const { id, betas = [], epsilon = 1, momentum = 0, weightDecay = 0 } = settings;
  const optimiser = optimisers.get(id);
  if (!optimiser)
    throw new RangeError(`optimiser: expected one of ${[...optimisers.keys()].join(", ")}, got ${inWords(id)}`);
  for (const [name, value] of [...betas.map((beta) => ["betas", beta] as const), ["momentum", momentum] as const]) {
    if (!(value >= 0 && value < 1))
      throw new RangeError(`optimiser ${id}: ${name}: expected numbers from 0 to below 1, got ${value}`);
  }
  if (!(Number.isFinite(epsilon) && epsilon > 0))
    throw new RangeError(`optimiser ${id}: epsilon: expected a number > 0, got ${epsilon}`);
  if (!(Number.isFinite(weightDecay) && weightDecay >= 0))
    throw new RangeError(`optimiser ${id}: weightDecay: expected a number ≥ 0, got ${weightDecay}`);
  return optimiser;
}
