import {
  createSession,
  type Dataset,
  devices,
  type EvaluationProgress,
  type FinetuneProgress,
  makeDataset,
  type NetworkInfo,
  type NodeInfo,
  type Prediction,
  type Session,
  type SessionDataset,
  type SessionNetwork,
  type SummaryRow,
  sampleStatistics,
} from "neft";

/**
 * All calls of the session. The rest of the page holds networks as bytes of ONNX files and datasets as plain data, so that a new session
 * can take over when one ends.
 */

export type { Dataset, EvaluationProgress, FinetuneProgress, NetworkInfo, NodeInfo, Prediction, SummaryRow };
export { makeDataset, sampleStatistics };

/** What all chips of a comparison share. */
export interface ChipSettings {
  readonly device: string;
  readonly seed: number;
}

export interface FinetuneChoice extends ChipSettings {
  readonly strategy: string;
  readonly sigma: number;
  readonly epochs: number;
  readonly clip: number | undefined;
  readonly learningRate: number;
}

export const deviceChoices = [...devices.values()].map(({ id, summary }) => ({ id, summary }));

/** A session, and what its engine holds of the page's networks and datasets. */
interface Engine {
  readonly session: Session;
  readonly networks: Map<Uint8Array, Promise<SessionNetwork>>;
  readonly datasets: Map<Dataset, Promise<SessionDataset>>;
}

let engine: Promise<Engine> | undefined;

const startEngine = async (): Promise<Engine> => ({
  session: await createSession(),
  networks: new Map(),
  datasets: new Map(),
});

/**
 * Calls the engine; the first call starts it. A plain Error can mean that it has ended: the next call then starts another. Errors about
 * arguments have other classes.
 */
async function withEngine<Result>(call: (engine: Engine) => Promise<Result>): Promise<Result> {
  engine ??= startEngine();
  const own = engine;
  try {
    return await call(await own);
  } catch (error) {
    if (error instanceof Error && error.constructor === Error && engine === own) {
      engine = undefined;
      own.then(({ session }) => session.close()).catch(() => {});
    }
    throw error;
  }
}

/** What `make` gives for a key, made once. A failure isn't kept. */
function kept<Key, Value>(map: Map<Key, Promise<Value>>, key: Key, make: () => Promise<Value>): Promise<Value> {
  const value = map.get(key) ?? make();
  map.set(key, value);
  value.catch(() => map.delete(key));
  return value;
}

const networkOf = ({ session, networks }: Engine, bytes: Uint8Array): Promise<SessionNetwork> =>
  kept(networks, bytes, () => session.importOnnx(bytes));

const datasetOf = ({ session, datasets }: Engine, data: Dataset): Promise<SessionDataset> =>
  kept(datasets, data, () => session.addDataset(data));

/** Reads an ONNX file. @throws {OnnxError} listing all operators that aren't supported, among others. */
export const describeNetwork = (bytes: Uint8Array): Promise<NetworkInfo> =>
  withEngine(async (engine) => (await networkOf(engine, bytes)).info);

/** Frees networks and datasets that the page doesn't show any more. */
export async function keepOnly(networks: readonly Uint8Array[], datasets: readonly Dataset[]): Promise<void> {
  const current = await engine?.catch(() => undefined);
  if (!current) return;
  const free = <Key>(map: Map<Key, Promise<SessionNetwork | SessionDataset>>, keys: readonly Key[]) => {
    for (const [key, value] of map) {
      if (keys.includes(key)) continue;
      map.delete(key);
      value.then((handle) => handle.dispose()).catch(() => {});
    }
  };
  free(current.networks, networks);
  free(current.datasets, datasets);
}

/** Options of a long-running call. */
interface Watched<Progress> {
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

export const evaluateChips = (
  network: Uint8Array,
  data: Dataset,
  options: ChipSettings & { readonly sigma: readonly number[]; readonly chips: number } & Watched<EvaluationProgress>,
): Promise<unknown> =>
  withEngine(async (engine) =>
    engine.session.evaluate(await networkOf(engine, network), await datasetOf(engine, data), options),
  );

/** Steps between two validations: often enough to see the accuracy grow. */
const validationEvery = 10;

/** Parts of a batch, for two workers. Part of the settings: with batch normalisation it changes the result. */
const shards = 2;

/**
 * Finetunes a copy of a network. Resolves to its file, with the best weights, also after an abort; `diverged` is the library's message
 * if the loss grew without bound.
 */
export const finetuneCopy = (
  network: Uint8Array,
  data: Dataset,
  { clip, signal, ...options }: FinetuneChoice & Watched<FinetuneProgress>,
): Promise<{ readonly bytes: Uint8Array; readonly diverged: string | undefined }> =>
  withEngine(async (engine) => {
    const { session } = engine;
    const own = await session.copy(await networkOf(engine, network));
    try {
      const samples = await datasetOf(engine, data);
      const settings = { ...options, ...(clip && { clip }), validation: { every: validationEvery }, shards, signal };
      const result = await session.finetune(own, samples, settings).catch((error) => {
        if (!signal.aborted) throw error;
        // The step in progress takes long: the best weights come after it.
        return untilFree(session, own);
      });
      const diverged = result?.ended.reason === "diverged" ? (result.ended.message ?? "") : undefined;
      return { bytes: await session.exportOnnx(own), diverged };
    } finally {
      own.dispose().catch(() => {});
    }
  });

/** Waits until no call changes a network: only then can it be copied. Gives up with the engine's error after a minute. */
async function untilFree(session: Session, network: SessionNetwork): Promise<undefined> {
  for (let tries = 300; ; tries--) {
    try {
      return void (await (await session.copy(network)).dispose());
    } catch (error) {
      if (tries === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Class scores of a dataset on each of the first `chips` chips. */
export const predictOnChips = (
  network: Uint8Array,
  data: Dataset,
  options: ChipSettings & { readonly sigma: number; readonly chips: number },
): Promise<Prediction[]> =>
  withEngine(async (engine) => {
    const samples = await engine.session.addDataset(data);
    try {
      return await engine.session.predict(await networkOf(engine, network), samples, options);
    } finally {
      samples.dispose().catch(() => {});
    }
  });
