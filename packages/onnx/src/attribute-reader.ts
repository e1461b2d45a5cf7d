import { listNames } from "@neft/model";
import { inWords } from "@neft/options";
import { AttributeType } from "./onnx-enums.js";
import { OnnxError } from "./onnx-error.js";
import type { AttributeProto, NodeProto } from "./onnx-proto.js";

/** Bounds of an integer attribute, both inclusive. Default: none. */
export interface IntegerBounds {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Reads a node's attributes by name and checks their type and range. `finish` refuses attributes that were not read,
 * so that none is silently ignored.
 */
export class AttributeReader {
  readonly #who: string;
  readonly #attributes = new Map<string, AttributeProto>();
  readonly #read = new Set<string>();

  /** @throws {OnnxError} when an attribute occurs twice, or is a reference that only a function could resolve. */
  constructor(node: NodeProto, who: string) {
    this.#who = who;
    for (const proto of node.attribute) {
      if (this.#attributes.has(proto.name)) throw this.#error(proto.name, "one value", "two");
      if (proto.refAttrName !== "")
        throw this.#error(proto.name, "a value", `a reference to ${inWords(proto.refAttrName)}`);
      this.#attributes.set(proto.name, proto);
    }
  }

  /** Whether the node has an attribute. */
  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  /**
   * Reads an integer. @throws {OnnxError} when the attribute has another type or is out of bounds, as all methods do.
   */
  int(name: string, fallback: number, bounds?: IntegerBounds): number;
  int(name: string, fallback: undefined, bounds?: IntegerBounds): number | undefined;
  int(name: string, fallback: number | undefined, bounds: IntegerBounds = {}): number | undefined {
    const proto = this.#find(name, AttributeType.INT, "an integer");
    return proto === undefined ? fallback : this.#integer(name, proto.i, bounds);
  }

  /** Reads an attribute that is 0 or 1. */
  flag(name: string, fallback: 0 | 1): 0 | 1 {
    return this.int(name, fallback, { min: 0, max: 1 }) as 0 | 1;
  }

  /** Reads a list of integers; undefined when absent. */
  ints(name: string, bounds: IntegerBounds = {}): number[] | undefined {
    const proto = this.#find(name, AttributeType.INTS, "a list of integers");
    return proto?.ints.map((value) => this.#integer(name, value, bounds));
  }

  /** Reads slice positions. Those beyond ±2^53 are clamped, since positions are clamped to their axis anyway. */
  positions(name: string): number[] | undefined {
    const proto = this.#find(name, AttributeType.INTS, "a list of integers");
    return proto?.ints.map((value) =>
      Math.min(Math.max(Number(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER),
    );
  }

  /**
   * Reads a finite number.
   *
   * @param infinite  Allows infinities, for bounds and padding values. Default: false.
   */
  float(name: string, fallback: number, { infinite = false }: { infinite?: boolean } = {}): number {
    const proto = this.#find(name, AttributeType.FLOAT, "a number");
    if (proto === undefined) return fallback;
    if (infinite && Number.isNaN(proto.f)) throw this.#error(name, "a number", "NaN");
    if (!infinite && !Number.isFinite(proto.f)) throw this.#error(name, "a finite number", `${proto.f}`);
    return proto.f;
  }

  /** Reads a string out of `allowed`. */
  text<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const proto = this.#find(name, AttributeType.STRING, "a string");
    if (proto === undefined) return fallback;
    const value = Array.from(proto.s ?? [], (byte) => String.fromCharCode(byte)).join("");
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw this.#error(name, oneOf(allowed), inWords(value));
    return found;
  }

  /** Reads an attribute as it is stored. For Constant and ConstantOfShape. */
  stored(name: string, type: AttributeType): AttributeProto | undefined {
    return this.#find(name, type, `an attribute of type ${AttributeType[type]}`);
  }

  /** Marks an attribute as read whose value has no effect. The reason documents the call. */
  ignore(name: string, _reason: string): void {
    this.#read.add(name);
  }

  /** @throws {OnnxError} naming the attributes that were not read. */
  finish(): void {
    const left = [...this.#attributes.keys()].filter((name) => !this.#read.has(name));
    if (left.length > 0) {
      const known = [...this.#read].join(", ") || "no attributes";
      throw new OnnxError(`${this.#who}: expected ${known}, got also ${listNames(left)}`);
    }
  }

  #integer(name: string, value: bigint, { min, max }: IntegerBounds): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw this.#error(name, "an integer below 2^53", `${value}`);
    if ((min !== undefined && number < min) || (max !== undefined && number > max)) {
      const range =
        min === max
          ? `${min}`
          : max === undefined
            ? `${min} or more`
            : min === undefined
              ? `${max} or less`
              : `${min} to ${max}`;
      throw this.#error(name, range, `${number}`);
    }
    return number;
  }

  #find(name: string, type: AttributeType, expected: string): AttributeProto | undefined {
    this.#read.add(name);
    const found = this.#attributes.get(name);
    if (found !== undefined && typeOf(found) !== type) {
      throw this.#error(name, expected, `one of type ${AttributeType[typeOf(found)] ?? typeOf(found)}`);
    }
    return found;
  }

  #error(name: string, expected: string, got: string): OnnxError {
    return new OnnxError(`${this.#who}: ${name}: expected ${expected}, got ${got}`);
  }
}

/** Joins alternatives: "NOTSET, VALID, SAME_UPPER or SAME_LOWER". */
function oneOf(allowed: readonly string[]): string {
  return allowed.length < 2 ? `${allowed[0]}` : `${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)}`;
}

/** Declared type. Files of the first IR version don't have it; then the field that is set determines it. */
function typeOf(proto: AttributeProto): AttributeType {
  if (proto.type !== AttributeType.UNDEFINED) return proto.type;
  if (proto.ints.length > 0) return AttributeType.INTS;
  if (proto.floats !== undefined) return AttributeType.FLOATS;
  if (proto.t !== undefined) return AttributeType.TENSOR;
  if (proto.s !== undefined && proto.s.length > 0) return AttributeType.STRING;
  return proto.f !== 0 ? AttributeType.FLOAT : AttributeType.INT;
}
