import { writeWeights } from "@neft/evaluation";
import { type Chosen, chosenFrom, defineSettings, pairOf, real } from "@neft/options";
import { adamStep, parameter, sgdStep, type Tensor } from "@neft/tensor";
import { withDefaults } from "./with-defaults.js";

const group = "Training:";
const share = real({ min: 0, below: 1 });

/** Settings of all optimisers. Each optimiser reads some of them. */
export const optimiserSettings = defineSettings({
  betas: {
    kind: pairOf(share, "a list of two numbers ≥ 0 and < 1"),
    about: "adam: decay rates of the running means of the gradients and of their squares",
    flag: null,
    group,
  },
  epsilon: { kind: real({ above: 0 }), about: "adam: term added to the denominator", flag: null, group },
  momentum: { kind: share, about: "sgd: momentum factor", group },
  weightDecay: { kind: real({ min: 0 }), about: "L2 penalty: weightDecay·w is added to the gradient", group },
});

/** An optimiser's id and settings. Plain data. */
export type OptimiserSettings = Chosen<typeof optimiserSettings>;

/** An optimiser's state as plain data. */
export interface OptimiserRecord {
  /** Numbers that change from step to step: adam's powers of its betas. */
  readonly numbers: readonly number[];
  /** Moments, or momentum buffers: for each in turn, the values of all parameters. */
  readonly moments: readonly Float32Array[];
}

/** State of an optimiser for some parameters: its moments or momentum buffers. */
export interface OptimiserState {
  /** Updates the parameters in place. `gradients` has one tensor per parameter, in the same order and of the same shape. */
  step(gradients: readonly Tensor[], learningRate: number): void;
  /** A copy of the state. */
  read(): OptimiserRecord;
  /** Continues from a state that `read` returned for parameters of the same sizes. */
  write(record: OptimiserRecord): void;
  /** Frees the state's tensors. */
  dispose(): void;
}

/** An optimiser: a row of `optimisers`. */
export interface Optimiser {
  readonly id: string;
  /** Default values of the settings it reads. */
  readonly defaults: Omit<OptimiserSettings, "id">;
  /** Description in one line, for the help. */
  readonly summary: string;
  /** Creates a state of zeros. Its tensors are outside all scopes; free them with `dispose`. */
  start(parameters: readonly Tensor[], settings: OptimiserSettings): OptimiserState;
}

const zerosLike = (tensors: readonly Tensor[]): Tensor[] =>
  tensors.map((t) => parameter(new Float32Array(t.size), t.shape));

/** How a state whose moments are these tensors is read, written and freed. */
const stateOf = (moments: readonly Tensor[]) => ({
  read: (): OptimiserRecord => ({ numbers: [], moments: moments.map((tensor) => tensor.floats()) }),
  write: ({ moments: values }: OptimiserRecord): void => writeWeights(moments, values),
  dispose: (): void => {
    for (const tensor of moments) tensor.dispose();
  },
});

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
    const kept = stateOf([...means, ...squares]);
    return {
      ...kept,
      read: () => ({ ...kept.read(), numbers: [power1, power2] }),
      write: (record) => {
        kept.write(record);
        [power1, power2] = record.numbers as [number, number];
      },
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
      ...stateOf(buffers),
      step(gradients, learningRate) {
        for (const [i, weight] of parameters.entries()) {
          const operands = { weight, gradient: gradients[i]!, buffer: buffers[i] };
          sgdStep(operands, { learningRate, momentum, weightDecay });
        }
      },
    };
  },
};

/** All optimisers by id. */
export const optimisers: ReadonlyMap<string, Optimiser> = new Map([adam, sgd].map((row) => [row.id, row]));

/** Kind of the setting `optimiser`. */
export const optimiserKind = chosenFrom(optimisers, optimiserSettings);

/**
 * Looks up an optimiser by id and checks its settings.
 * @throws {OptionError} for an unknown id, a setting that it doesn't read, or a value out of range.
 */
export function optimiserNamed(settings: OptimiserSettings): Optimiser {
  return optimisers.get(optimiserKind.check(settings, "optimiser").id)!;
}
