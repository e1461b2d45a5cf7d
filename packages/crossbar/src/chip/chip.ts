import { type ArrayBackend, type ArrayProduct, computeProduct, withEpilogue } from "@neft/model";
import { inWords } from "@neft/options";
import {
  add,
  type Converter,
  mul,
  noGrad,
  normals,
  setConverted,
  stream,
  sub,
  type Tensor,
  tensor,
  zeros,
} from "@neft/tensor";
import { correctOutputs, fitOutputs, type OutputLines, scaleOutputs } from "../compensation/output-corrections.js";
import type { ChosenEffect } from "../effects/effects.js";
import type { Calibration, LayerRanges, Ranges } from "../tile/ranges.js";
import {
  converterOf,
  type LinesRead,
  type ReadObserver,
  type ReadSettings,
  readBlocks,
  vectorsRead,
} from "../tile/tile-read.js";
import type { TiledLayer } from "../tile/tiled-layer.js";
import type { ChipDraw, ProgrammedCells } from "./cells.js";
import { type ChipSpec, checkChip, isPerRead } from "./chip-spec.js";
import { ConversionCounter, type CountsByLayer } from "./layer-counts.js";
import { type ProgrammedWeight, programWeight, tileWeight } from "./programmed-weight.js";
import { type PlacedProduct, SharedLayers } from "./shared-layers.js";

/** How a chip is read. */
export interface ChipRead {
  /** Seconds since programming. Default: 0. */
  readonly time_s?: number | undefined;
  /** Index in the whole data of the call's first sample, for noise that is redrawn at each read. Default: 0. */
  readonly firstSample?: number | undefined;
  /** Whether tiles are read even where nothing acts per read, so that the chip's weights would do. Default: false. */
  readonly readsTiles?: boolean | undefined;
  /** Whether gradients go straight through everything that the chip does. Default: false. */
  readonly trains?: boolean | undefined;
  /** The periphery that is being learned, by layer. Default: none is. */
  readonly learned?: ((layer: string) => LearnedLayer | undefined) | undefined;
}

/** What of a layer's periphery is being learned. */
export interface LearnedLayer {
  /** Largest input of the layer's converters, [1]; undefined without converters of inputs. */
  readonly range: Tensor | undefined;
  /** Factors of the layer's outputs, [outputs]. */
  readonly scales: Tensor;
}

/** What watches the reads of a layer while ranges are measured. */
export interface RangeObserver {
  /** Ranges of the layer that are known so far. */
  rangesOf(layer: string): LayerRanges | undefined;
  of(layer: string): ReadObserver;
}

/**
 * A model's weights on one chip. Parameters are programmed when they are first read, each from its own stream, so that the order of
 * products doesn't matter. Weights are those of that moment: after they change, make a new chip.
 */
export class Chip {
  /** Whether anything acts at each read. If not, a product is one with the chip's weights. */
  readonly isPerRead: boolean;
  readonly #spec: ChipSpec;
  readonly #draw: ChipDraw;
  readonly #chosen: readonly ChosenEffect[];
  readonly #ranges: Ranges;
  readonly #shared: SharedLayers;
  readonly #weights = new Map<string, ProgrammedWeight>();
  readonly #layers = new Map<string, TiledLayer>();
  readonly #lines = new Map<string, OutputLines>();
  readonly #counter = new ConversionCounter();
  /** Cells by the layers that read them. */
  readonly #readers = new Map<string, ProgrammedCells | undefined>();

  /**
   * @param calibration  Ranges of converters, from `calibrate`. Required by chips with converters.
   * @param shared  What several chips of one model have in common. Default: nothing.
   * @throws {RangeError} for a spec whose members don't fit together, or a draw for every sample: a chip holds one.
   */
  constructor(spec: ChipSpec, draw: ChipDraw, { ranges = {} }: Calibration = {}, shared = new SharedLayers()) {
    if (spec.perSample) throw new RangeError("program: expected one draw for the chip, got perSample");
    this.#spec = spec;
    this.#draw = draw;
    this.#chosen = checkChip(spec);
    this.#ranges = ranges;
    this.#shared = shared;
    this.isPerRead = isPerRead(spec, this.#chosen);
    for (const [layer, scales] of Object.entries(spec.calibration?.scales ?? {})) {
      this.#lines.set(layer, { factors: Float32Array.from(scales), offsets: new Float32Array(scales.length) });
    }
  }

  /** Whether products are those with the chip's weights and nothing else. */
  get isPlain(): boolean {
    return !this.isPerRead && this.#spec.compensation.columns === "none" && this.#lines.size === 0;
  }

  /** What programming and reading the layers took so far. Layers with one weight count its writes each. */
  counts(): CountsByLayer {
    return Object.fromEntries(
      [...this.#readers].map(([layer, cells]) => [layer, { ...cells?.counts, ...this.#counter.countsOf(layer) }]),
    );
  }

  /** A product's parameter on this chip. */
  weightOf(product: PlacedProduct, time_s = 0): ProgrammedWeight {
    const key = `${time_s} ${product.weight.name}`;
    const place = { product, layers: this.#shared, time_s };
    const found = this.#weights.get(key) ?? programWeight(this.#spec, this.#chosen, this.#draw, place);
    this.#weights.set(key, found);
    this.#readers.set(product.layer, found.cells);
    return found;
  }

  /** Computes products on this chip. */
  backend(read: ChipRead = {}, watch?: RangeObserver): ArrayBackend {
    const calls = new Map<string, number>();
    return {
      product: (product) => {
        const { layer, map, epilogue, weight } = product;
        const programmed = this.weightOf(product, read.time_s);
        const lines = this.#lines.get(layer);
        const readsTiles = this.isPerRead || watch !== undefined || read.readsTiles === true;
        if (!readsTiles && lines === undefined) {
          return computeProduct(
            product,
            read.trains ? through(weight.tensor, programmed.effective) : programmed.effective,
          );
        }
        const call = calls.get(layer) ?? 0;
        calls.set(layer, call + 1);
        const plain: ArrayProduct = { ...product, epilogue: {} };
        const readSums = (): Tensor => {
          const sums = readsTiles ? this.#read(plain, read, call, watch) : computeProduct(plain, programmed.effective);
          return lines === undefined ? sums : correctOutputs(sums, lines, map.kind.channels);
        };
        const y = read.trains ? this.#straightThrough(plain, read, readSums) : readSums();
        return withEpilogue(y, epilogue, map.kind.channels);
      },
    };
  }

  /** Sets the lines that correct a layer's sums, from one product on the calibration samples. Returns its corrected output. */
  correct(product: ArrayProduct, read: ChipRead = {}): Tensor {
    const { layer, map, epilogue } = product;
    const plain: ArrayProduct = { ...product, epilogue: {} };
    const [exact, sums] = [computeProduct(plain), this.backend(read).product(plain)];
    const { channels } = map.kind;
    const lines = fitOutputs(sums, exact, channels, this.#spec.compensation.columns === "affine");
    this.#lines.set(layer, lines);
    return withEpilogue(correctOutputs(sums, lines, channels), epilogue, channels);
  }

  /** Frees the chip's weights and tiles. */
  dispose(): void {
    for (const one of [...this.#weights.values(), ...this.#layers.values()]) one.dispose();
    for (const map of [this.#weights, this.#layers, this.#lines, this.#readers]) map.clear();
  }

  /** The sums of a product without epilogue, as the tiles give them. */
  #read(product: ArrayProduct, read: ChipRead, call: number, watch: RangeObserver | undefined): Tensor {
    const { layer, weight, input, map } = product;
    const { dac, adc } = this.#spec;
    const { blocks } = this.#layerOf(product, read.time_s);
    const shape = weight.view === undefined ? weight.tensor.shape : weight.view.apply(weight.tensor).shape;
    if (watch === undefined && this.#ranges[layer] === undefined && (dac ?? adc) !== undefined) {
      throw new RangeError(`layer ${inWords(layer)}: expected calibrated ranges for its converters, got none`);
    }
    const settings = (part: string): ReadSettings => ({
      dac,
      adc: watch ? undefined : adc,
      ranges: () => (watch ? watch.rangesOf(layer) : this.#rangesOf(layer, read)),
      observer: watch ? watch.of(layer) : this.#counter.of(layer),
      noise: (place, size) => this.#noise(`${layer} ${call} ${part}${place}`, input.shape[0] ?? 1, size, read),
    });
    const { kind, settings: own } = map;
    if (kind.sums !== undefined) {
      const sums: LinesRead["sums"] = (x, lines, matrices) => kind.sums!(x, shape, own, lines, matrices);
      return readBlocks(blocks, { x: input, sums, channels: kind.channels }, settings(""));
    }
    const { vectors, collect } = kind.reads(input, shape, own);
    return collect(vectors.map((x, block) => readBlocks([blocks[block]!], vectorsRead(x), settings(`${block} `))));
  }

  /** A product's sums, with gradients by its weight, input and learned periphery that go straight through the chip. */
  #straightThrough(product: ArrayProduct, read: ChipRead, readSums: () => Tensor): Tensor {
    const { layer, weight, input, map } = product;
    const { effective } = this.weightOf(product, read.time_s);
    const learned = read.learned?.(layer);
    const range = learned?.range;
    const converted = range === undefined ? input : learnedInput(input, range, this.#inputConverter(layer, range));
    const exact = computeProduct({ ...product, input: converted }, through(weight.tensor, effective));
    const y = through(exact, noGrad(readSums));
    return learned === undefined ? y : scaleOutputs(y, learned.scales, map.kind.channels);
  }

  /** The converter of a layer's inputs at a range that is being learned. */
  #inputConverter(layer: string, range: Tensor): Converter {
    const signed = this.#ranges[layer]?.inputs.signed ?? true;
    return converterOf({ range: Math.max(0, range.item()), signed }, this.#spec.dac!.bits);
  }

  /** The ranges of a layer's converters: the learned one of its inputs, if it has one. */
  #rangesOf(layer: string, { learned }: ChipRead): LayerRanges | undefined {
    const ranges = this.#ranges[layer];
    const own = learned?.(layer)?.range;
    if (ranges === undefined || own === undefined) return ranges;
    return { ...ranges, inputs: { ...ranges.inputs, range: Math.max(0, own.item()) } };
  }

  #layerOf(product: ArrayProduct, time_s = 0): TiledLayer {
    const key = `${time_s} ${product.layer}`;
    const place = { product, layers: this.#shared, time_s };
    const found = this.#layers.get(key) ?? tileWeight(this.#spec, this.#chosen, place, this.weightOf(product, time_s));
    this.#layers.set(key, found);
    return found;
  }

  /** Normal numbers for the reads of some samples: each has its own stream, so that they don't depend on batches. */
  #noise(place: string, samples: number, size: number, { firstSample = 0 }: ChipRead): Float32Array {
    const { seed, purpose, index, step = 0 } = this.#draw;
    const parts = samples > 0 && size % samples === 0 ? samples : 1;
    const noise = new Float32Array(size);
    for (let sample = 0; sample < parts; sample++) {
      const name = { purpose: `${purpose} read`, name: `${step} ${place}`, index, step: firstSample + sample };
      noise.set(normals(stream(seed, name), size / parts), (sample * size) / parts);
    }
    return noise;
  }
}

/** `value`, with the gradients of `x`. */
const through = (x: Tensor, value: Tensor): Tensor =>
  x === value
    ? x
    : add(
        x,
        noGrad(() => sub(value, x)),
      );

/**
 * Converted inputs c, with gradients by x and by the range r. Within the range c = x + r·u, where r·u is the rounding; beyond it c = r·u. Both
 * take u as a constant.
 */
function learnedInput(x: Tensor, range: Tensor, converter: Converter): Tensor {
  const most = converter.range as number;
  const [inside, offsets] = noGrad(() => {
    const rounded = zeros(x.shape);
    setConverted(rounded, x, converter);
    const [values, codes] = [x.floats(), rounded.floats()];
    const mask = values.map((one) => (Math.abs(one) <= most && (converter.signed || one >= 0) ? 1 : 0));
    const rest = codes.map((code, i) => (most === 0 ? 0 : (code - mask[i]! * values[i]!) / most));
    return [tensor(mask, x.shape), tensor(rest, x.shape)];
  });
  return add(mul(x, inside), mul(offsets, range));
}
