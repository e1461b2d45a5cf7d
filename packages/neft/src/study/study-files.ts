import { withChip } from "@neft/crossbar";
import { type Dataset, take } from "@neft/data";
import { build } from "@neft/kernels";
import type { Model } from "@neft/model";
import { inWords, resolveOptions, type Settings } from "@neft/options";
import {
  type CellData,
  type CellKind,
  canonicalJson,
  cellsOf,
  checkPlan,
  type Maker,
  type Options,
  type Plan,
  type PlanNetwork,
  type Study,
  type StudyNetwork,
} from "@neft/study";
import { resolveSettings, withTrainedChip } from "@neft/training";
import { parseDataSpec } from "../data-spec.js";
import { readBytes, readDataset } from "../read-dataset.js";
import { decodeModel, sha256 } from "../read-model.js";
import { equalisationRows, evaluationRows, finetuningRows } from "../recorded-settings.js";
import { settingsRecord } from "../settings-record.js";
import { neftVersion } from "../version.js";

/** A study whose plan, networks and samples were read. */
export interface ReadStudy extends Study {
  readonly plan: Plan;
  readonly maker: Maker;
  /** A network of the plan, by the digest of its file. */
  model(digest: string): Uint8Array | undefined;
  /** The samples of a cell. */
  samples(data: CellData): Dataset;
}

/** The datasets of a study. Networks share what they read. */
class StudySamples {
  readonly #datasets = new Map<string, Dataset>();
  /** By what was asked for. */
  readonly #read = new Map<string, CellData>();

  async read(spec: string, limit: number | undefined, purpose: "train" | "test"): Promise<CellData> {
    const asked = JSON.stringify([spec, limit, purpose]);
    const known = this.#read.get(asked);
    if (known) return known;
    const all = await readDataset(parseDataSpec(spec, `plan: ${purpose}`), purpose);
    const samples = limit === undefined ? all : take(all, limit);
    const { count, shape, layout, classes, values, labels } = samples;
    const parts = { count, shape, layout, classes, values: sha256(bytesOf(values)), labels: sha256(bytesOf(labels)) };
    const data = { spec, ...(limit !== undefined && { limit }), sha256: sha256(canonicalJson(parts)) };
    this.#datasets.set(data.sha256, samples);
    this.#read.set(asked, data);
    return data;
  }

  get({ sha256: digest }: CellData): Dataset {
    return this.#datasets.get(digest)!;
  }
}

/**
 * Reads the networks and samples of a plan, and makes its cells. Await `init` first. Paths are relative to the working directory.
 * @throws {RangeError} if the plan is wrong; the message names the member.
 * @throws {Error} if a file can't be read.
 */
export async function readStudy(given: unknown): Promise<ReadStudy> {
  const plan = checkPlan(given);
  const models = new Map<string, Uint8Array>();
  const samples = new StudySamples();
  const networks: (StudyNetwork & { readonly imported: Model })[] = [];
  const maker: Maker = { neft: neftVersion, build: build() };
  try {
    for (const network of plan.networks) networks.push(await readNetwork(network, models, samples));
    return {
      ...cellsOf(plan, networks, maker, sha256),
      plan,
      maker,
      model: (digest) => models.get(digest),
      samples: (data) => samples.get(data),
    };
  } finally {
    // Options are resolved; cells import the networks that they run.
    for (const { imported } of networks) imported.dispose();
  }
}

async function readNetwork(
  { name, model: file, train, trainLimit, test, testLimit, temperature, temperatureLimit, input }: PlanNetwork,
  models: Map<string, Uint8Array>,
  samples: StudySamples,
) {
  const bytes = await readBytes(file);
  const { model, sha256: digest, externalFiles } = await decodeModel(file, bytes);
  if (externalFiles.length > 0)
    throw new Error(
      `plan: networks: ${inWords(file)}: expected a model in one file, got external weights in ${inWords(externalFiles[0])}; save it with its weights inside`,
    );
  models.set(digest, bytes);
  const data = {
    train: train === undefined ? undefined : await samples.read(train, trainLimit, "train"),
    test: await samples.read(test, testLimit, "test"),
  };
  const fitted = temperature === undefined ? undefined : await samples.read(temperature, temperatureLimit, "train");
  const resolve = (kind: CellKind, options: Options): Options => {
    const { rows, prepare } = calls[kind];
    const of = data[kind === "evaluate" ? "test" : "train"];
    const own = of && samples.get(of);
    const settings = prepare(options, own?.count ?? 0);
    return settingsRecord(rows as typeof evaluationRows, model, own, settings as never) as unknown as Options;
  };
  return {
    name: name ?? file.replace(/^.*[\\/]/, "").replace(/\.onnx$/i, ""),
    sha256: digest,
    train: data.train,
    test: data.test,
    temperature: fitted,
    input: input as Options | undefined,
    resolve,
    imported: model,
  };
}

/** By kind of cell: the settings that it records, and the check of a call's options, which fills in defaults. */
const calls = {
  equalise: {
    rows: equalisationRows,
    prepare: (options: Options): object => resolveOptions("equalise", options, equalisationRows),
  },
  finetune: {
    rows: finetuningRows,
    prepare: (options: Options, samples: number): object => {
      const settings = resolveOptions("finetune", withTrainedChip(options), finetuningRows);
      return { ...settings, ...resolveSettings(settings, samples) };
    },
  },
  evaluate: {
    rows: evaluationRows,
    prepare: (options: Options): object => resolveOptions("evaluate", withChip(options), evaluationRows),
  },
} satisfies Record<CellKind, { rows: Settings; prepare: (options: Options, samples: number) => object }>;

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
