// What a step computes is checked before it is timed: by PyTorch where it is there, by differences in any case.
import { readWeights, writeWeights } from "@neft/evaluation";
import { createTrainer, networks } from "./steps.mjs";

/** Relative error of a slope taken from two losses in float32 of a network with kinks. */
const slopeTolerance = 0.03;

/**
 * |a−b|/|b| of a tensor's gradient against PyTorch's: a unit whose input is within rounding of 0 is on in one and off in the
 * other, and a few of them move a deep gradient by thousandths. The project's tests compare where there are none.
 */
const gradientTolerance = 0.01;

const checkedBatch = 8;

/** Without variation all draws of a step are the same network, whose loss is a function of its weights alone. */
const withoutVariation = ({ strategy, perSample }) => ({
  strategy: strategy.deltaSigma ? { ...strategy, deltaSigma: strategy.deltaSigma.map(() => 0) } : strategy,
  perSample,
  sigma: 0,
});

/**
 * Throws unless the loss falls along the gradient as the gradient says: L(w + εg/|g|) − L(w − εg/|g|) = 2ε|g|.
 *
 * @param network, strategy  names of rows of steps.mjs.
 */
export function checkSlope(network, strategy) {
  const trainer = createTrainer(network, checkedBatch, withoutVariation(strategy));
  const { trained } = trainer.state;
  const weights = readWeights(trained);
  // Copies: the next gradients lie where these do.
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

/** PyTorch's name for a parameter of ours. */
function pytorchName(name) {
  const numbered = /^(features|norm)\.(\d+)\.(.*)$/.exec(name);
  if (!numbered) return name;
  return `${numbered[1] === "norm" ? "norms" : "convs"}.${numbered[2] - 1}.${numbered[3]}`;
}

/** Throws unless loss and every gradient of the clean network are PyTorch's for the same weights and images. */
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
      throw new Error(`${byTensor.get(i)}: expected PyTorch's gradient, got one that is ${off} of its norm off`);
    }
  }
}
