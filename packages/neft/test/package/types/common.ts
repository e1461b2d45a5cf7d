// Main names of the API, as an app uses them on any platform.
import {
  createSession,
  createWorkers,
  type Dataset,
  decodeIdx,
  defineDevice,
  devices,
  type EvaluationProgress,
  type EvaluationResult,
  evaluate,
  exportOnnx,
  finetune,
  importOnnx,
  init,
  loadOperators,
  makeDataset,
  type NetworkInfo,
  OnnxError,
  optimisers,
  type Prediction,
  predict,
  type Session,
  type SessionNetwork,
  schedules,
  split,
  strategies,
  summary,
} from "neft";
import { inspectNames } from "./exactly.js";

export async function inAWorker(bytes: Uint8Array, samples: Uint8Array): Promise<Uint8Array> {
  const session: Session = await createSession({ workers: 2, relaxed: false });
  const network: SessionNetwork = await session.importOnnx(bytes, { transfer: true });
  const info: NetworkInfo = network.info;
  inspectNames(info.graph.nodes.map(({ name, operator, onCrossbar }) => `${name} ${operator} ${onCrossbar}`));
  const labels = new Uint8Array(10);
  const data = await session.addDataset(
    makeDataset("own data", { name: "own", values: samples, labels, shape: [1, 28, 28], classes: 10 }),
  );
  const files = await session.addDataset({ kind: "idx", files: [{ name: "images", bytes: samples }] });
  const onProgress = ({ done, total }: EvaluationProgress): void => inspectNames([`${done}/${total}`]);
  const result: EvaluationResult = await session.evaluate(network, data, {
    sigma: [0.1],
    chips: 20,
    onProgress,
    signal: new AbortController().signal,
  });
  inspectNames(result.results.map(({ sigma }) => String(sigma)));
  await session.finetune(network, data, { strategy: "ovf", epochs: 1, validationData: files });
  const one: Prediction = await session.predict(network, data);
  const many: Prediction[] = await session.predict(network, data, { chips: 3 });
  inspectNames([one, ...many].map(({ scores }) => String(scores.length)));
  // @ts-expect-error the number of chips is a number
  await session.evaluate(network, data, { chips: "20" });
  // @ts-expect-error a session has its own workers
  await session.evaluate(network, data, { workers: 2 });
  const onnx = await session.exportOnnx(network);
  await network.dispose();
  await session.close();
  return onnx;
}

export async function here(bytes: Uint8Array, images: Uint8Array, labels: Uint8Array): Promise<Uint8Array> {
  await init({ relaxed: false });
  await loadOperators();
  const model = importOnnx(bytes);
  const data: Dataset = decodeIdx(images, labels, "own");
  const { training, validation } = split(data, { validation: 100, seed: 1 });
  const workers = createWorkers(2);
  const device = defineDevice({ ...devices.get("rram4")!, id: "own" });
  await finetune(model, training, { strategy: "ovf", device, workers, validationData: validation });
  const { digital } = await evaluate(model, data, { workers, chips: 2 });
  inspectNames([String(digital.accuracy), ...strategies.keys(), ...optimisers.keys(), ...schedules.keys()]);
  inspectNames(summary(model).map((row) => row.name));
  predict(model, data);
  await workers.close();
  try {
    return exportOnnx(model);
  } catch (error) {
    if (error instanceof OnnxError) inspectNames([error.message]);
    throw error;
  }
}
