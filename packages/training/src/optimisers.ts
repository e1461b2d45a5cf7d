import { type Chosen, chosenFrom, defineSettings, pairOf, real } from "@neft/options";
import { adamStep, parameter, sgdStep, type Tensor } from "@neft/tensor";
import { withDefaults } from "./with-defaults.js";

const group = "Training:";
const share = real({ min: 0, below: 1 });

/** Settings of every optimiser; each reads some of them. */
export const optimiserSettings = defineSettings({
  betas: {
    kind: pairOf(share, "a list of two numbers ≥ 0 and < 1"),
    about: "adam: decay of the mean of gradients and of their squares",
    flag: null,
    group,
  },
  epsilon: { kind: real({ above: 0 }), about: "adam: guard against division by 0", flag: null, group },
  momentum: { kind: share, about: "sgd: share of the last step that is made again", group },
  weightDecay: { kind: real({ min: 0 }), about: "L2 penalty, added to the gradient as weightDecay·w", group },
});

/** Plain data. */
export type OptimiserSettings = Chosen<typeof optimiserSettings>;

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
  /** The settings it reads, with their defaults. */
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

/** The kind of values that choose an optimiser. */
export const optimiserKind = chosenFrom(optimisers, optimiserSettings);

/**
 * The optimiser of that id, its settings checked.
 * @throws {OptionError} for an unknown id, a setting it doesn't read or one out of range.
 */
export function optimiserNamed(settings: OptimiserSettings): Optimiser {
  return optimisers.get(optimiserKind.check(settings, "optimiser").id)!;
}
