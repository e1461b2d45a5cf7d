import type { ArrayProduct } from "@neft/model";
import { gMinOf } from "../device/conductance-range.js";
import type { MappedWeights } from "../mapping/mapped-weights.js";
import { type BlockElements, blockElements } from "../tile/tiled-layer.js";
import { type MappedSpec, mapProduct } from "./cells.js";

/** A product, as far as its place on a chip depends on it. */
export type PlacedProduct = Pick<ArrayProduct, "layer" | "weight" | "map">;

/**
 * What chips of one model have in common: where the elements of its layers' weights stand, and, as long as the weights stay as they are,
 * their codes and target conductances.
 */
export class SharedLayers {
  readonly #elements: Map<string, readonly BlockElements[]>;
  readonly #mapped = new Map<string, MappedWeights>();

  constructor(elements = new Map<string, readonly BlockElements[]>()) {
    this.#elements = elements;
  }

  /** Which elements of its parameter the matrices of a layer hold. */
  elementsOf(product: PlacedProduct): readonly BlockElements[] {
    const found = this.#elements.get(product.layer) ?? blockElements(product);
    this.#elements.set(product.layer, found);
    return found;
  }

  /** A parameter's codes and target conductances. @throws {RangeError} when a weight isn't finite. */
  mappedOf(spec: MappedSpec, product: PlacedProduct): MappedWeights {
    const { mapping, device, compensation } = spec;
    const key = JSON.stringify([product.weight.name, mapping, gMinOf(device), compensation.drift]);
    const found = this.#mapped.get(key) ?? mapProduct(spec, product, () => this.elementsOf(product));
    this.#mapped.set(key, found);
    return found;
  }

  /** The same layers, for a chip whose weights may be others. */
  withOwnWeights(): SharedLayers {
    return new SharedLayers(this.#elements);
  }

  /** Call it when weights have changed. */
  forgetWeights(): void {
    this.#mapped.clear();
  }
}
