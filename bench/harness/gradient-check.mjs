// Checks a training step before it is timed: always by finite differences, and against PyTorch if it is installed.
import { readWeights, writeWeights } from "@neft/evaluation";
import { createTrainer, networks } from "./steps.mjs";

/** Relative tolerance of a slope from two float32 losses of a network with ReLUs. */
const slopeTolerance = 0.03;

/**
 * Tolerance of |a−b|/|b| between a tensor's gradient and PyTorch's. A ReLU whose input is within rounding of 0 can be active in only
 * one of them, and a few such units change a deep gradient by thousandths. The project's tests compare gradients without such units.
 */
const gradientTolerance = 0.01;

const checkedBatch = 8;

/** The settings with sigma 0: the loss then depends on the weights alone. */
const withoutVariation = ({ strategy, perSample }) => ({
  strategy: strategy.deltaSigma ? { ...strategy, deltaSigma: strategy.deltaSigma.map(() => 0) } : strategy,
  perSample,
  sigma: 0,
});

/**
 * Checks the gradient by a finite difference along it: L(w + εg/|g|) − L(w − εg/|g|) = 2ε|g|.
 *
 * @param network   key of `networks` in steps.mjs.
 * @param strategy  value of `strategies` in steps.mjs.
 * @throws {Error} when the slope differs.
 */
export function checkSlope(network, strategy) {
  const trainer = createTrainer(network, checkedBatch, withoutVariation(strategy));
  const { trained } = trainer.state;
  const weights = readWeights(trained);
  // Copies: the next call reuses the gradients' memory.
  const gradients = trainer.gradients().gradients.map((gradient) => gradient.slice());
  const length = Math.hypot(...gradients.map(norm));
  const epsilon = 0.01 / length;
  const lossAt = (scale) => {
    const moved = weights.map((w, i) => w.map((x, j) => x + (scale * gradients[i][j]) / length));
    writeWeights(trained, moved);
    return trainer.gradients().loss;
  };
  const slope = (lossAt(epsilon) - lossAt(-epsilon)) / (2 * epsilon);
  trainer.close();
  if (!(Math.abs(slope - length) <= slopeTolerance * length)) {
    throw new Error(`${networks[network].title}: expected a slope of ${length} along the gradient, got ${slope}`);
  }
}

/** Euclidean length. */
const norm = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

const encode = (floats) => Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength).toString("base64");

function decode(text) {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The name that pytorch.py has for a parameter. */
function pytorchName(name) {
  const numbered = /^(features|norm)\.(\d+)\.(.*)$/.exec(name);
  if (!numbered) return name;
  return `${numbered[1] === "norm" ? "norms" : "convs"}.${numbered[2] - 1}.${numbered[3]}`;
}

/**
 * Compares loss and gradients of the network without variation with PyTorch's, for the same weights and samples.
 * @throws {Error} when one differs.
 */
export async function checkAgainstPytorch(network, pytorch) {
  const trainer = createTrainer(network, checkedBatch, { strategy: { id: "none" }, sigma: 0 });
  const { model, state, data } = trainer;
  const ours = trainer.gradients();
  const names = [...model.parameters].flatMap(([name, tensor]) => (state.trained.includes(tensor) ? [name] : []));
  const byTensor = new Map(names.map((name) => [state.trained.indexOf(model.parameters.get(name)), name]));
  const parameters = Object.fromEntries(
    names.map((name) => [pytorchName(name), encode(model.parameters.get(name).toArray())]),
  );
  const x = encode(Float32Array.from(data.values, (value) => value / 255));
  const given = JSON.stringify({ parameters, x, labels: [...data.labels] });
  const theirs = await pytorch.ask(`gradients.${network} ${given}`);
  trainer.close();
  if (!(Math.abs(ours.loss - theirs.loss) <= 1e-4 * theirs.loss)) {
    throw new Error(`${model.name}: expected PyTorch's loss ${theirs.loss}, got ${ours.loss}`);
  }
  for (const [i, gradient] of ours.gradients.entries()) {
    const expected = decode(theirs.gradients[pytorchName(byTensor.get(i))]);
    const off = norm(expected.map((value, j) => value - gradient[j])) / norm(expected);
    if (!(off <= gradientTolerance)) {
      throw new Error(`${byTensor.get(i)}: expected PyTorch's gradient, got one with a relative difference of ${off}`);
    }
  }
}
