// The training step of LeNet-5 against TensorFlow.js with its JavaScript backend, its only backend that trains convolutions in Node
// without native code.
import { contest, median, medianRatio, processorTime } from "../harness/contest.mjs";
import { atLeast } from "../harness/record.mjs";
import { createTrainer, strategies } from "../harness/steps.mjs";
import { tf, tfjsCpuName, useTfjs } from "../peers/tfjs.mjs";

const batch = 32;

/** Relative tolerance of losses, which differ in the order of float32 sums. */
const tolerance = 1e-4;

/** Transposes a weight for tfjs: [out, in, h, w] → [h, w, in, out], [out, in] → [in, out]. */
const toTfjs = (tensor) => {
  const own = tf.tensor(tensor.toArray(), [...tensor.shape]);
  return tf.variable(own.transpose(tensor.shape.length === 4 ? [2, 3, 1, 0] : [1, 0]));
};

/** A tfjs trainer of the same network with the same weights, images and labels. */
function tfjsTrainer({ model, data }) {
  const weight = (name) => toTfjs(model.parameters.get(`${name}.weight`));
  const bias = (name) => tf.variable(tf.tensor1d(model.parameters.get(`${name}.bias`).toArray()));
  const layers = ["c1", "c2", "f1", "f2", "f3"].map((name) => ({ weight: weight(name), bias: bias(name) }));
  const images = tf.tensor4d(
    Float32Array.from(data.values, (value) => value / 255),
    [batch, 28, 28, 1],
  );
  const labels = tf.oneHot(tf.tensor1d(data.labels, "int32"), data.classes);
  const varied = ({ weight }, sigma) => {
    if (sigma === 0) return weight;
    const scale = weight.abs().max().dataSync()[0] * 0.7776 * sigma;
    return weight.add(tf.randomNormal(weight.shape).mul(scale));
  };
  const loss = (sigma) => {
    const [c1, c2, ...linear] = layers;
    let x = images.conv2d(varied(c1, sigma), 1, 2).add(c1.bias).relu().maxPool(2, 2, "valid");
    x = x.conv2d(varied(c2, sigma), 1, "valid").add(c2.bias).relu().maxPool(2, 2, "valid");
    // The linear weights expect channels first.
    x = x.transpose([0, 3, 1, 2]).reshape([batch, -1]);
    for (const [i, layer] of linear.entries()) {
      x = x.matMul(varied(layer, sigma)).add(layer.bias);
      if (i < linear.length - 1) x = x.relu();
    }
    return tf.losses.softmaxCrossEntropy(labels, x);
  };
  const optimiser = tf.train.adam(1e-3);
  return {
    loss: () => tf.tidy(() => loss(0).dataSync()[0]),
    step: () => tf.tidy(() => void optimiser.minimize(() => loss(0.2))),
  };
}

/** Measures one build. */
export async function run({ rounds, record }) {
  await useTfjs("cpu");
  const clean = createTrainer("lenet", batch, strategies.clean);
  const tfjs = tfjsTrainer(clean);
  const [ours, theirs] = [clean.gradients().loss, tfjs.loss()];
  if (!(Math.abs(ours - theirs) <= tolerance * theirs))
    throw new Error(`tfjs: expected its loss ${theirs}, got ${ours}`);
  const trainer = createTrainer("lenet", batch, strategies.noiseInjection);
  const step = () => trainer.step();
  for (let start = processorTime(); processorTime() < start + 500; ) step();
  const times = await contest({ ours: step, tfjs: tfjs.step }, { rounds, warmUp: 2 });
  record({
    what: "LeNet-5 noise injection step, batch 32",
    ours: 1e3 / median(times.ours),
    peer: 1e3 / median(times.tfjs),
    peerName: tfjsCpuName,
    unit: "steps/s",
    ratio: medianRatio(times.tfjs, times.ours),
    goal: atLeast(60),
  });
  clean.close();
  trainer.close();
}
