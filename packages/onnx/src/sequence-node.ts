import { listNames } from "@neft/model";
import { inWords } from "@neft/options";
import { attributesByName, typed } from "./attribute-reader.js";
import { create } from "./message-type.js";
import { AttributeType, DataType } from "./onnx-enums.js";
import { OnnxError } from "./onnx-error.js";
import { AttributeProto, NodeProto, TensorProto } from "./onnx-proto.js";

/** What the nodes of a file share while its sequences are resolved. */
export interface FileContext {
  readonly opset: number;
  /** Names of values that are taken. */
  readonly names: Set<string>;
  /** Counts tensors of sequences and inputs of new nodes. @throws {OnnxError} when there are too many in the file. */
  readonly spend: (count: number) => void;
}

/** Attributes of a new node. */
type Attributes = Readonly<Record<string, number | readonly number[] | TensorProto>>;

/** A node that makes or reads a sequence, and the nodes that replace it. */
export class SequenceNode {
  readonly made: NodeProto[] = [];
  readonly #proto: NodeProto;
  readonly #name: string;
  readonly #context: FileContext;
  #next = 0;

  constructor(proto: NodeProto, name: string, context: FileContext) {
    this.#proto = proto;
    this.#name = name;
    this.#context = context;
  }

  get who(): string {
    return `node ${inWords(this.#name)} (${this.#proto.opType})`;
  }

  /** Names of the inputs, without absent ones at the end. @throws {OnnxError} when there are fewer or more. */
  inputs(min: number, max: number): string[] {
    const inputs = [...this.#proto.input];
    while (inputs.at(-1) === "") inputs.pop();
    if (inputs.length < min || inputs.length > max || inputs.includes(""))
      this.fail(`${countsOf(min, max)} inputs, all of them given`, `${this.#proto.input.length}`);
    if (this.#proto.output.length !== 1 || this.#proto.output[0] === "")
      this.fail("one output", `${this.#proto.output.length}`);
    return inputs;
  }

  get output(): string {
    return this.#proto.output[0]!;
  }

  /** Integer attributes. One without a fallback has to be given. @throws {OnnxError} for others. */
  integers<K extends string>(fallbacks: Readonly<Record<K, number | undefined>>): Record<K, number> {
    const found = attributesByName(this.#proto, this.who);
    const unknown = [...found.keys()].filter((key) => !Object.hasOwn(fallbacks, key));
    if (unknown.length > 0)
      this.fail(Object.keys(fallbacks).join(", ") || "no attributes", `also ${listNames(unknown)}`);
    const values = Object.entries<number | undefined>(fallbacks).map(([key, fallback]) => {
      const given = typed(found, key, AttributeType.INT, this.who)?.i;
      const value = given === undefined ? fallback : Number(given);
      return [key, value ?? this.fail(`the attribute ${key}`, "none")];
    });
    return Object.fromEntries(values);
  }

  /** Adds a node with one output. @returns the output's name. */
  add(opType: string, inputs: readonly string[], attributes: Attributes = {}, output = this.fresh()): string {
    this.addNode(opType, inputs, [output], attributes);
    return output;
  }

  addNode(opType: string, input: readonly string[], output: readonly string[], attributes: Attributes = {}): void {
    this.#context.spend(1 + input.length + output.length);
    const name = opType === "Split" || output[0] === this.output ? this.#name : output[0]!;
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.made.push(create(NodeProto, { name, opType, input, output, attribute }));
  }

  /** Adds a Constant of INT64. @returns its name. */
  constant(values: readonly number[], shape: readonly number[] = [values.length], output?: string): string {
    return this.add("Constant", [], { value: int64Proto(values, shape) }, output);
  }

  /** Adds a Squeeze or Unsqueeze in the form of the file's opset. @returns its output's name. */
  reshape(opType: "Squeeze" | "Unsqueeze", input: string, axis: number): string {
    return this.#context.opset < 13
      ? this.add(opType, [input], { axes: [axis] })
      : this.add(opType, [input, this.constant([axis])]);
  }

  /** Adds a Split in the form of the file's opset. @returns its outputs' names. */
  split(input: string, axis: number, sizes: readonly number[]): string[] {
    const outputs = sizes.map(() => this.fresh());
    if (this.#context.opset < 13) this.addNode("Split", [input], outputs, { axis, split: sizes });
    else this.addNode("Split", [input, this.constant(sizes)], outputs, { axis });
    return outputs;
  }

  /** A name that no value of the file has. */
  fresh(): string {
    const { names } = this.#context;
    let name: string;
    do name = `${this.output}/${this.#next++}`;
    while (names.has(name));
    names.add(name);
    return name;
  }

  /** Counts tensors. @throws {OnnxError} when there are too many in the file. */
  spend(count: number): void {
    this.#context.spend(count);
  }

  fail(expected: string, got: string): never {
    throw new OnnxError(`${this.who}: expected ${expected}, got ${got}`);
  }
}

function countsOf(min: number, max: number): string {
  if (min === max) return `${min}`;
  return max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
}

function int64Proto(values: readonly number[], shape: readonly number[]): TensorProto {
  return create(TensorProto, {
    dims: shape.map(BigInt),
    dataType: DataType.INT64,
    int64Data: values.map((one) => BigInt(one)),
  });
}

function attributeProto(name: string, value: Attributes[string]): AttributeProto {
  if (typeof value === "number") return create(AttributeProto, { name, type: AttributeType.INT, i: BigInt(value) });
  if ("dims" in value) return create(AttributeProto, { name, type: AttributeType.TENSOR, t: value });
  return create(AttributeProto, { name, type: AttributeType.INTS, ints: value.map((one) => BigInt(one)) });
}
