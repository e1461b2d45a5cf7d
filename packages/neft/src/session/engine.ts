import { withChip } from "@neft/crossbar";
import {
  type ArrayChoice,
  checkDataset,
  choiceRules,
  type Dataset,
  decodePlainIdx,
  isGzip,
  snapshot,
} from "@neft/data";
import type { Prediction } from "@neft/evaluation";
import { checkFree, copyModel, holdModel, type Model } from "@neft/model";
import { exportOnnx, exportOnnxFiles, importOnnx, OnnxError } from "@neft/onnx";
import { checkOptions, has, inWords, isListOf, kind, kinds, type Rules, required, resolveOptions } from "@neft/options";
import { nextTurn } from "@neft/work";
import { backendInfo } from "../backend-info.js";
import { equalise } from "../equalise.js";
import { evaluate } from "../evaluate.js";
import { finetune } from "../finetune.js";
import { wantsMore } from "../more-operators.js";
import { predict } from "../predict.js";
import { datasetKind, type Samples } from "../settings.js";
import type { Workers } from "../workers.js";
import type { DatasetInfo, NetworkInfo } from "./handles.js";
import { datasetInfo, networkInfo } from "./infos.js";
import type { EngineApi, Id, Made, RunArgument, SampleIds, SampleType, UploadedFiles } from "./protocol.js";
import { sessionSettings } from "./settings.js";

/** Constructors of a dataset's values. */
const sampleTypes: Readonly<Record<SampleType, new (buffer: ArrayBuffer) => Dataset["values"]>> = {
  Uint8Array,
  Float32Array,
};

/** Decodes a dataset's files. `names` are their names for errors. */
type Decode = (
  files: readonly Uint8Array[],
  name: string,
  names: readonly string[],
  choice: ArrayChoice,
) => Promise<Dataset>;

/** All readers of files, on demand. */
const readers = () => import("@neft/data/readers");

/** Decoders by kind, with the smallest and the largest number of files. */
const decoders: Readonly<
  Record<UploadedFiles["kind"], { readonly decode: Decode; readonly files: readonly [least: number, most: number] }>
> = {
  idx: {
    decode: async ([images, labels], name, [ofImages, ofLabels = "labels"]) => {
      const decode = [images!, labels].some((file) => file && isGzip(file))
        ? (await readers()).decodeIdx
        : decodePlainIdx;
      return decode(images!, labels, name, [ofImages!, ofLabels]);
    },
    files: [1, 2],
  },
  cifar10: {
    decode: async (files, name, names) => (await readers()).decodeCifar10(files, name, names),
    files: [1, 1000],
  },
  npy: { decode: async ([file], name) => (await readers()).decodeNpy(file!, name), files: [1, 1] },
  npz: { decode: async ([file], name, _, choice) => (await readers()).decodeNpz(file!, name, choice), files: [1, 1] },
};

const isName = (value: unknown): boolean => typeof value === "string" && value !== "";

const filesRules: Rules<UploadedFiles> = {
  ...choiceRules,
  kind: required(kinds.oneOf(...Object.keys(decoders))),
  name: kind("a name", isName),
  files: required(
    kind(
      "a list of files with a name",
      isListOf((file) => has(file, "name") && isName(file.name)),
    ),
  ),
};

/** Decodes a dataset's files. */
async function decoded(given: UploadedFiles, contents: readonly Uint8Array[]): Promise<Dataset> {
  checkOptions("addDataset", given, filesRules);
  const { kind, name, files, ...choice } = given;
  const {
    decode,
    files: [least, most],
  } = decoders[kind];
  if (files.length < least || files.length > most) {
    const expected = least === most ? `${least}` : `${least} to ${most}`;
    throw new RangeError(`addDataset: files: expected ${expected} for ${kind}, got ${files.length}`);
  }
  const names = files.map((file) => file.name);
  return decode(contents, name ?? names.join(","), names.map(inWords), choice);
}

/**
 * Creates the methods of an engine, which holds a session's networks and datasets. The kernels must have been started.
 * @param workers  Run the jobs.
 * @param loadOperators  Makes more operators known. Called when an import needs them. Default: all are known.
 */
export function createEngine(workers: Workers, loadOperators?: () => Promise<void>): EngineApi {
  const networks = new Map<Id, Model>();
  const datasets = new Map<Id, Dataset>();
  const uploads = new Map<Id, Uint8Array<ArrayBuffer>>();
  let last: Id = 0;

  /** Takes an upload out of its table. */
  const received = (id: Id): Uint8Array<ArrayBuffer> => {
    const bytes = found(uploads, id);
    uploads.delete(id);
    return bytes;
  };
  const addNetwork = (model: Model): Made<NetworkInfo> => {
    const info = networkInfo(model);
    networks.set(++last, model);
    return { id: last, info };
  };
  /** Keeps a copy in shared memory, where there is any: a call then needs no other copy for its workers. */
  const addSamples = (dataset: Dataset): Made<DatasetInfo> => {
    datasets.set(++last, snapshot(dataset));
    return { id: last, info: datasetInfo(dataset) };
  };
  const samplesOf = (ids: SampleIds): Samples =>
    typeof ids === "number"
      ? found(datasets, ids)
      : Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, found(datasets, id)]));
  /** The network and the samples of a call. */
  const operands = ({ network, data }: RunArgument) => [found(networks, network), samplesOf(data)] as const;

  return {
    info: backendInfo,
    upload: ({ id, bytes }) => void uploads.set(id, bytes),
    startUpload: ({ id, length }) => void uploads.set(id, new Uint8Array(length)),
    // A piece may arrive after its upload was dropped.
    addPiece: ({ id, at, bytes }) => uploads.get(id)?.set(bytes, at),
    dropUploads: (ids) => {
      for (const id of ids) uploads.delete(id);
    },
    importOnnx: async ({ bytes: id, externalData, embeddings }) => {
      // fromEntries, because a location may be called "__proto__".
      const external = Object.fromEntries(externalData.map(([location, file]) => [location, received(file)]));
      const bytes = received(id);
      const imported = (): Model => importOnnx(bytes, { externalData: external, embeddings });
      try {
        return addNetwork(imported());
      } catch (error) {
        if (!loadOperators || !wantsMore(error)) throw error;
        await loadOperators().catch((cause: Error) => {
          throw new OnnxError(`${(error as OnnxError).message}; ${cause.message}`, { cause });
        });
        return addNetwork(imported());
      }
    },
    addDataset: ({ values, type, ...rest }) => {
      const dataset = { ...rest, values: new sampleTypes[type](received(values).buffer) };
      checkDataset(dataset);
      return addSamples(dataset);
    },
    addFiles: async (given) => {
      const contents = given.files.map(({ bytes }) => received(bytes));
      return addSamples(await decoded(given, contents));
    },
    evaluate: async (argument, running) => {
      const { temperatureData: id, ...options } = argument.options;
      const temperature = id === undefined ? {} : { temperatureData: found(datasets, id as Id) };
      resolveOptions("evaluate", withChip(options), sessionSettings.evaluate);
      return evaluate(...operands(argument), { ...options, ...temperature, ...running, workers });
    },
    finetune: async (argument, running) => {
      const { validationData: id, ...options } = argument.options;
      const validation = id === undefined ? {} : { validationData: samplesOf(id as SampleIds) };
      resolveOptions("finetune", withChip(options), sessionSettings.finetune);
      return finetune(...operands(argument), { ...options, ...validation, ...running, workers });
    },
    equalise: async ({ network, data, options }, running) => {
      resolveOptions("equalise", options, sessionSettings.equalise);
      const samples = data === undefined ? {} : { data: samplesOf(data) };
      const { wide, ...result } = await equalise(found(networks, network), { ...options, ...samples, ...running });
      return { ...result, ...(wide && { wide: addNetwork(wide) }) };
    },
    predict: async (argument, running) => {
      const {
        chips,
        signal: _,
        ...options
      } = resolveOptions("predict", withChip(argument.options), sessionSettings.predict);
      const [model, samples] = operands(argument);
      const data = datasetKind.check(samples, "predict: data");
      if (chips === undefined) return predict(model, data, options);
      return predictOnChips(model, running.signal, chips, (i) =>
        predict(model, data, { ...options, index: options.index + i }),
      );
    },
    exportOnnx: (network) => exportOnnx(found(networks, network)),
    exportOnnxFiles: (network) => exportOnnxFiles(found(networks, network)),
    copy: (network) => {
      const model = found(networks, network);
      checkFree(model, "read", "copy");
      return addNetwork(copyModel(model));
    },
    dispose: (id) => {
      networks.get(id)?.dispose();
      networks.delete(id);
      datasets.delete(id);
    },
  };
}

/** Predicts on several chips; other requests are served in between, but none can change the model. */
async function predictOnChips(
  model: Model,
  signal: AbortSignal,
  chips: number,
  one: (index: number) => Prediction,
): Promise<Prediction[]> {
  const hold = holdModel(model, "read", "predict");
  try {
    const all: Prediction[] = [];
    for (let i = 0; i < chips; i++) {
      await nextTurn();
      signal.throwIfAborted();
      all.push(one(i));
    }
    return all;
  } finally {
    hold.release();
  }
}

/** The value that an id stands for. */
function found<Value>(table: ReadonlyMap<Id, Value>, id: Id): Value {
  const value = table.get(id);
  if (value === undefined) throw new Error(`engine: expected an id in use, got ${inWords(id)}`);
  return value;
}
