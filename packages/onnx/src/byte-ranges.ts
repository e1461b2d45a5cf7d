import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A range of a file, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Byte ranges of a TensorProto's elements, by field. */
export interface TensorRanges {
  /** raw_data. The last occurrence wins, as for every protobuf field. */
  raw: ByteRange | undefined;
  /** float_data: one range per packed run or single element, in order. */
  readonly floats: ByteRange[];
  /** double_data, in the same form. */
  readonly doubles: ByteRange[];
}

/** Byte ranges of the floating-point contents of one attribute. */
export interface AttributeRanges {
  readonly tensor: TensorRanges;
  /** Field f. */
  float: ByteRange | undefined;
  /** Field floats. */
  readonly floats: ByteRange[];
}

/**
 * Byte ranges of all stored numbers of a model, in the order in which a decoder lists initializers, nodes and
 * attributes.
 */
export interface ModelRanges {
  readonly initializers: TensorRanges[];
  readonly nodes: AttributeRanges[][];
}

/** Field numbers on the path to stored numbers. */
const field = {
  model: { graph: 7 },
  graph: { node: 1, initializer: 5 },
  node: { attribute: 5 },
  attribute: { float: 2, tensor: 5, floats: 7 },
  tensor: { floats: 4, raw: 9, doubles: 10 },
} as const;

/**
 * Finds the byte ranges of all stored numbers by walking a model file's wire format.
 *
 * @throws {RangeError} when the file ends early.
 */
export function scanModel(bytes: Uint8Array): ModelRanges {
  const ranges: ModelRanges = { initializers: [], nodes: [] };
  const whole = { offset: 0, length: bytes.length };
  walk(bytes, whole, (number, graph) => {
    if (number !== field.model.graph) return;
    walk(bytes, graph, (part, range) => {
      if (part === field.graph.initializer) {
        const tensor = emptyTensor();
        scanTensor(bytes, range, tensor);
        ranges.initializers.push(tensor);
      } else if (part === field.graph.node) ranges.nodes.push(scanNode(bytes, range));
    });
  });
  return ranges;
}

function emptyTensor(): TensorRanges {
  return { raw: undefined, floats: [], doubles: [] };
}

function scanNode(bytes: Uint8Array, node: ByteRange): AttributeRanges[] {
  const attributes: AttributeRanges[] = [];
  walk(bytes, node, (number, range) => {
    if (number !== field.node.attribute) return;
    const attribute: AttributeRanges = { tensor: emptyTensor(), float: undefined, floats: [] };
    walk(bytes, range, (part, inner) => {
      if (part === field.attribute.tensor) scanTensor(bytes, inner, attribute.tensor);
      else if (part === field.attribute.float) attribute.float = inner;
      else if (part === field.attribute.floats) attribute.floats.push(inner);
    });
    attributes.push(attribute);
  });
  return attributes;
}

function scanTensor(bytes: Uint8Array, range: ByteRange, tensor: TensorRanges): void {
  walk(bytes, range, (number, inner) => {
    if (number === field.tensor.raw) tensor.raw = inner;
    else if (number === field.tensor.floats) tensor.floats.push(inner);
    else if (number === field.tensor.doubles) tensor.doubles.push(inner);
  });
}

/** Calls `visit` for every field of a message with wire type length-delimited, 32-bit or 64-bit. */
function walk(bytes: Uint8Array, message: ByteRange, visit: (number: number, range: ByteRange) => void): void {
  const reader = new BinaryReader(bytes.subarray(message.offset, message.offset + message.length));
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) {
      const length = reader.uint32();
      const start = reader.pos;
      if (length > reader.len - start) throw new RangeError("premature end of file");
      visit(number, { offset: message.offset + start, length });
      reader.pos = start + length;
    } else if (wireType === WireType.Bit32 || wireType === WireType.Bit64) {
      const length = wireType === WireType.Bit32 ? 4 : 8;
      visit(number, { offset: message.offset + reader.pos, length });
      reader.pos += length;
    } else reader.skip(wireType, number);
  }
}
