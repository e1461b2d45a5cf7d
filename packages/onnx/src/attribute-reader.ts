import { listNames } from "@neft/model";
import { inWords } from "@neft/options";
import type { AttributeRanges } from "./byte-ranges.js";
import type { AttributeProto, NodeProto } from "./onnx_pb.js";
import { AttributeProto_AttributeType as AttributeType } from "./onnx_pb.js";
import { OnnxError } from "./onnx-error.js";

/** Bounds of an integer attribute, both included. */
export interface IntegerBounds {
  readonly least?: number;
  readonly most?: number;
}

/**
 * Reads a node's attributes by name, checks their type and range, and remembers what was read: `finish` refuses what was
 * left unread, so nothing a file says is silently ignored.
 */
export class AttributeReader {
  readonly #who: string;
  readonly #attributes = new Map<string, { proto: AttributeProto; ranges: AttributeRanges | undefined }>();
  readonly #read = new Set<string>();

  /** @throws {OnnxError} when an attribute stands twice or is a reference that only a function could resolve. */
  constructor(node: NodeProto, who: string, ranges: readonly AttributeRanges[] = []) {
    this.#who = who;
    node.attribute.forEach((proto, i) => {
      if (this.#attributes.has(proto.name)) throw this.#wrong(proto.name, "to be given once", "it twice");
      if (proto.refAttrName !== "")
        throw this.#wrong(proto.name, "a value", `a reference to ${inWords(proto.refAttrName)}`);
      this.#attributes.set(proto.name, { proto, ranges: ranges[i] });
    });
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  int(name: string, otherwise: number, bounds?: IntegerBounds): number;
  int(name: string, otherwise: undefined, bounds?: IntegerBounds): number | undefined;
  int(name: string, otherwise: number | undefined, bounds: IntegerBounds = {}): number | undefined {
    const proto = this.#find(name, AttributeType.INT, "an integer");
    return proto === undefined ? otherwise : this.#integer(name, proto.i, bounds);
  }

  /** An attribute that is 0 or 1. */
  flag(name: string, otherwise: 0 | 1): 0 | 1 {
    return this.int(name, otherwise, { least: 0, most: 1 }) as 0 | 1;
  }

  ints(name: string, bounds: IntegerBounds = {}): number[] | undefined {
    const proto = this.#find(name, AttributeType.INTS, "a list of integers");
    return proto?.ints.map((value) => this.#integer(name, value, bounds));
  }

  /** Like `ints`, for positions that are clamped to an axis: those beyond 2^53 are brought there. */
  positions(name: string): number[] | undefined {
    const proto = this.#find(name, AttributeType.INTS, "a list of integers");
    return proto?.ints.map((value) =>
      Math.min(Math.max(Number(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER),
    );
  }

  /** A number; with `infinite` one of bounds and fillings, which may be infinite. */
  float(name: string, otherwise: number, { infinite = false }: { infinite?: boolean } = {}): number {
    const proto = this.#find(name, AttributeType.FLOAT, "a number");
    if (proto === undefined) return otherwise;
    if (infinite && Number.isNaN(proto.f)) throw this.#wrong(name, "a number", "NaN");
    if (!infinite && !Number.isFinite(proto.f)) throw this.#wrong(name, "a finite number", `${proto.f}`);
    return proto.f;
  }

  text<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
    const proto = this.#find(name, AttributeType.STRING, "a text");
    if (proto === undefined) return otherwise;
    const value = Array.from(proto.s, (byte) => String.fromCharCode(byte)).join("");
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw this.#wrong(name, oneOf(allowed), inWords(value));
    return found;
  }

  /** The attribute as the file has it, for the one operator whose attributes are tensors. */
  stored(
    name: string,
    type: AttributeType,
  ): { proto: AttributeProto; ranges: AttributeRanges | undefined } | undefined {
    const proto = this.#find(name, type, `an attribute of type ${AttributeType[type]}`);
    return proto && this.#attributes.get(name);
  }

  /** Reads an attribute whose value does not matter; `reason` says why, for the reader of the code. */
  ignore(name: string, _reason: string): void {
    this.#read.add(name);
  }

  /** @throws {OnnxError} naming the attributes nobody read. */
  finish(): void {
    const left = [...this.#attributes.keys()].filter((name) => !this.#read.has(name));
    if (left.length > 0) {
      const known = [...this.#read].join(", ") || "no attributes";
      throw new OnnxError(`${this.#who}: expected ${known}, got also ${listNames(left)}`);
    }
  }

  #integer(name: string, value: bigint, { least, most }: IntegerBounds): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw this.#wrong(name, "an integer below 2^53", `${value}`);
    if ((least !== undefined && number < least) || (most !== undefined && number > most)) {
      const range =
        least === most
          ? `${least}`
          : most === undefined
            ? `${least} or more`
            : least === undefined
              ? `${most} or less`
              : `${least} to ${most}`;
      throw this.#wrong(name, range, `${number}`);
    }
    return number;
  }

  #find(name: string, type: AttributeType, expected: string): AttributeProto | undefined {
    this.#read.add(name);
    const found = this.#attributes.get(name)?.proto;
    if (found !== undefined && typeOf(found) !== type) {
      throw this.#wrong(name, expected, `one of type ${AttributeType[typeOf(found)] ?? typeOf(found)}`);
    }
    return found;
  }

  #wrong(name: string, expected: string, got: string): OnnxError {
    return new OnnxError(`${this.#who}: ${name}: expected ${expected}, got ${got}`);
  }
}

/** "NOTSET, VALID, SAME_UPPER or SAME_LOWER". */
function oneOf(allowed: readonly string[]): string {
  return allowed.length < 2 ? `${allowed[0]}` : `${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)}`;
}

/** The declared type; files of the first IR version leave it out, and the field that is filled tells. */
function typeOf(proto: AttributeProto): AttributeType {
  if (proto.type !== AttributeType.UNDEFINED) return proto.type;
  if (proto.ints.length > 0) return AttributeType.INTS;
  if (proto.floats.length > 0) return AttributeType.FLOATS;
  if (proto.t !== undefined) return AttributeType.TENSOR;
  if (proto.s.length > 0) return AttributeType.STRING;
  return proto.f !== 0 ? AttributeType.FLOAT : AttributeType.INT;
}
