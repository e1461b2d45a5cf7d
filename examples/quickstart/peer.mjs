import { gatherBatch, noGrad, normalisationOf, run, scope, tensor } from "neft/tensor";
import { InferenceSession, Tensor as PeerTensor } from "onnxruntime-node";

const batchSize = 500;

/**
 * Runs a network without variation on a dataset, with onnxruntime and with neft.
 *
 * @param bytes  the exported file.
 * @param model  the model from which it was exported.
 * @returns both accuracies in percent and the largest |a − b| / max(1, |b|) over all outputs.
 */
export async function compareWithPeer(bytes, model, data) {
  const session = await InferenceSession.create(bytes);
  const normalisation = normalisationOf(data, {});
  const [input, output] = [model.inputs[0], model.outputs[0].name];
  const right = { ours: 0, peer: 0 };
  let largest = 0;
  for (let from = 0; from < data.count; from += batchSize) {
    const count = Math.min(batchSize, data.count - from);
    const indices = Uint32Array.from({ length: count }, (_, i) => from + i);
    const values = gatherBatch(data, indices, normalisation, input.shape);
    const shape = [count, ...input.shape.slice(1)];
    const peer = (await session.run({ [input.name]: new PeerTensor("float32", values, shape) }))[output].data;
    const ours = scope(() => noGrad(() => run(model, tensor(values, shape)).outputs.get(output).toArray()));
    for (let i = 0; i < peer.length; i++)
      largest = Math.max(largest, Math.abs(ours[i] - peer[i]) / Math.max(1, Math.abs(peer[i])));
    const classes = peer.length / count;
    for (const [who, scores] of Object.entries({ ours, peer })) {
      for (let row = 0; row < count; row++)
        right[who] += argMax(scores, row * classes, classes) === data.labels[from + row];
    }
  }
  await session.release();
  return { ours: (100 * right.ours) / data.count, peer: (100 * right.peer) / data.count, largest };
}

/** Class with the highest of `classes` scores from index `at`; the first one on a tie. */
function argMax(scores, at, classes) {
  let best = 0;
  for (let c = 1; c < classes; c++) if (scores[at + c] > scores[at + best]) best = c;
  return best;
}
