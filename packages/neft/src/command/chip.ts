import { basename, dirname, extname, join } from "node:path";
import {
  type ChipSpec,
  chipPresets,
  type GivenChip,
  isMeasured,
  type LayerTargets,
  layerTargets,
} from "@neft/crossbar";
import { makeDataset, makeNormalisation } from "@neft/data";
import { bindSamples, gatherInputs, type SampledInputs } from "@neft/evaluation";
import { init } from "@neft/kernels";
import type { Model } from "@neft/model";
import { inWords, type ResolvedOf } from "@neft/options";
import { sampleShapeOf } from "@neft/profile";
import { sizeOf } from "@neft/tensor";
import { readModel } from "../read-model.js";
import { chipExample } from "./chip-example.js";
import { type ChipFromFile, readChip } from "./chip-file.js";
import { drawChip } from "./chip-picture.js";
import { UsageError } from "./exit-codes.js";
import { layerName, percent } from "./layer-table.js";
import { type chipCommandRows, withUsageErrors } from "./options.js";
import { Outputs } from "./outputs.js";
import { jsonText } from "./run.js";
import { alignedTable, left, right } from "./table.js";
import { print } from "./terminal.js";

type Options = ResolvedOf<typeof chipCommandRows>;

/** `neft chip [SPEC]`: lists presets, writes an example, prints a chip's settings, or shows a network on a chip. */
export async function showChip(word: string | undefined, { init: example, ...options }: Options): Promise<void> {
  const { list, model, plot, shape } = options;
  const given = [word !== undefined && "a chip", list && "--list", example !== undefined && "--init"].filter(Boolean);
  if (given.length !== 1) {
    throw new UsageError(
      `expected a preset or file, --list or --init, got ${given.length === 0 ? "none" : given.join(" and ")}`,
    );
  }
  for (const [flag, value] of Object.entries({ "--plot": plot, "--shape": shape })) {
    if (value !== undefined && model === undefined)
      throw new UsageError(`${flag}: expected --model beside it, got none`);
  }
  if (list) print(presetTable());
  else if (example !== undefined) await writeExample(example);
  else {
    const { chip, files } = await readChip(word!, "chip");
    if (model === undefined) print(jsonText(fileOf(chip)).trimEnd());
    else await showModel(word!, { chip, files }, model, { plot, shape });
  }
}

/** A chip with all settings, as a file has it. */
function fileOf({ perSample: _, ...chip }: ChipSpec): GivenChip {
  return { format: 1, ...chip };
}

/** Writes the example of a chip's file, to standard output for "-". */
async function writeExample(path: string): Promise<void> {
  if (path === "-") {
    print(chipExample().trimEnd());
    return;
  }
  const outputs = new Outputs();
  const output = await outputs.open(path, "--init");
  if (output.target.kind === "file" && output.target.file !== undefined) {
    throw new UsageError(`--init: expected the path of a new file, got ${inWords(path)}, which exists`);
  }
  await outputs.write(new Map([[output, chipExample()]]));
}

/** The presets, one line each. */
function presetTable(): string {
  const columns = [
    left("preset"),
    left("device"),
    left("σ"),
    left("cells of a weight"),
    left("converters"),
    left("effects"),
  ];
  const rows = [...chipPresets].map(([name, { device, sigma, mapping, dac, adc, effects }]) => [
    name,
    device.id,
    isMeasured(device) ? `${sigma} × measured` : device.programming.kind === "exact" ? "–" : String(sigma),
    mapping.weightBits === null
      ? `${mapping.arrangement}, unquantised`
      : `${mapping.arrangement}, ${mapping.weightBits / mapping.bitsPerCell} × ${mapping.bitsPerCell} bits`,
    dac === undefined && adc === undefined
      ? "exact"
      : `inputs ${dac?.bits ?? "exact"}, sums ${adc?.bits ?? "exact"} bits`,
    effects.map(({ id }) => id).join(", "),
  ]);
  return alignedTable(columns, rows);
}

/**
 * Zeros for the inputs of a model: what is on its tiles doesn't depend on them.
 *
 * @param given  The setting `shape`: that of a sample of the first input.
 */
function zeroInputs(model: Model, given: readonly number[] | undefined): SampledInputs {
  const inputs = model.inputs.map((input, i) => {
    const { name } = input;
    if (i > 0 && input.shape.slice(1).some((n) => typeof n === "string")) {
      throw new RangeError(
        `input ${inWords(name)}: expected known sizes besides the batch's, got [${input.shape.join(", ")}]; export the model with fixed sizes`,
      );
    }
    const own = withUsageErrors(() => sampleShapeOf({ inputs: [input] }, i === 0 ? given : undefined));
    const data = makeDataset("chip", { name: "zeros", values: new Uint8Array(sizeOf(own)), shape: own });
    return [name, { data, normalisation: makeNormalisation(data, { scale: 1 }) }] as const;
  });
  return Object.fromEntries(inputs);
}

/** The layers of a model on a chip. */
function layersOf(model: Model, chip: ChipSpec, shape: readonly number[] | undefined): LayerTargets[] {
  const bound = bindSamples({ model, inputs: zeroInputs(model, shape) });
  try {
    return layerTargets(bound.model, chip, () => gatherInputs(bound.inputs, new Uint32Array(bound.fixed?.batch ?? 1)));
  } finally {
    bound.dispose();
  }
}

async function showModel(
  word: string,
  { chip, files }: ChipFromFile,
  file: string,
  { plot, shape }: Pick<Options, "plot" | "shape">,
): Promise<void> {
  if (plot !== undefined && extname(plot).toLowerCase() !== ".svg")
    throw new UsageError(`--plot: expected a file that ends in .svg, got ${inWords(plot)}`);
  const outputs = new Outputs();
  await outputs.addInputs([file, ...files]);
  const svg = plot === undefined ? undefined : await outputs.open(plot, "--plot");
  await init();
  const { model, externalFiles } = await readModel(file);
  await outputs.addInputs(externalFiles.map((location) => join(dirname(file), location)));
  const layers = layersOf(model, chip, shape);
  print(layers.length === 0 ? "no product of this model is on crossbars" : placementTable(layers));
  if (svg) await outputs.write(new Map([[svg, drawChip(layers, chip, `${basename(file)} on chip ${basename(word)}`)]]));
}

/** Formats where layers are. Layers that share a weight share its tiles, which the sum counts once. */
function placementTable(layers: readonly LayerTargets[]): string {
  const count = (n: number): string => n.toLocaleString("en-US");
  const columns = [
    left("layer"),
    right("matrix (in×out)"),
    right("arms × slices"),
    right("tiles"),
    right("cells"),
    right("utilisation %"),
  ];
  const rows = layers.map(({ layer, blocks, inputs, outputs, arms, slices, tiles, cells, utilisation }) => [
    layerName(layer),
    `${blocks === 1 ? "" : `${count(blocks)} × `}${count(inputs)}×${count(outputs)}`,
    `${arms} × ${slices}`,
    count(tiles),
    count(cells),
    percent(utilisation),
  ]);
  const own = [...new Map(layers.map((layer) => [layer.weight, layer])).values()];
  const sum = (of: (layer: LayerTargets) => number): number => own.reduce((total, layer) => total + of(layer), 0);
  const [tiles, cells] = [sum((one) => one.tiles), sum((one) => one.cells)];
  const available = sum((one) => one.cells / one.utilisation);
  return alignedTable(columns, [...rows, ["all", "", "", count(tiles), count(cells), percent(cells / available)]]);
}
