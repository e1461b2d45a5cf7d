import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  isFieldSet,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameBytes } from "../../tensor/test/bytes.js";
import type { StoredElements } from "../src/message-fields.js";
import { decode, encode, type Message, type MessageType, create as own } from "../src/message-type.js";
import * as enums from "../src/onnx-enums.js";
import * as proto from "../src/onnx-proto.js";
import { file_onnx, ModelProtoSchema, NodeProtoSchema, TensorProtoSchema } from "./onnx_pb.js";

/** Our names of nested types. */
const nested: Record<string, string> = { TensorProto_Segment: "Segment", TypeProto_Tensor: "TensorType" };
nested.TensorShapeProto_Dimension = "Dimension";
const nameOf = ({ typeName }: { typeName: string }) => typeName.replace("neft.onnx.", "").replace(".", "_");
const typeOf = (schema: DescMessage) => {
  const name = nameOf(schema);
  return (proto as unknown as Record<string, MessageType<Message>>)[nested[name] ?? name]!;
};
const all = [...nestedTypes(file_onnx)];
const schemas = all.filter((one) => one.kind === "message");

const seeded = { seed: 20250807, numRuns: 100 };

/** Random values of a field's elements, in the form that the library's `create` takes. */
function elements(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.message !== undefined) return messages(field.message, depth - 1);
  if (field.enum !== undefined) return fc.constantFrom(...field.enum.values.map(({ number }) => number));
  const scalars: Partial<Record<ScalarType, fc.Arbitrary<unknown>>> = {
    [ScalarType.STRING]: fc.string({ unit: "binary", maxLength: 50 }),
    [ScalarType.BYTES]: fc.uint8Array({ maxLength: 20 }),
    [ScalarType.INT32]: fc.integer(),
    [ScalarType.INT64]: fc.oneof(
      fc.maxSafeInteger().map(BigInt),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ),
    [ScalarType.UINT64]: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    [ScalarType.FLOAT]: fc.float(),
    [ScalarType.DOUBLE]: fc.double(),
  };
  return scalars[field.scalar!]!;
}

/** Random messages, nested at most `depth` deep. */
function messages(schema: DescMessage, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const entries = schema.members
    .filter((member) => member.kind === "oneof" || member.message === undefined || depth > 0)
    .map((member): [string, fc.Arbitrary<unknown>] => {
      if (member.kind === "oneof") {
        const cases = member.fields.map((field) =>
          elements(field, depth).map((value) => ({ case: field.localName, value })),
        );
        return [member.localName, fc.oneof(...cases)];
      }
      const one = elements(member, depth);
      return [member.localName, member.fieldKind === "list" ? fc.array(one, { maxLength: 3 }) : one];
    });
  return fc.record(Object.fromEntries(entries), { requiredKeys: [] });
}

/** Fields that are present in a message of the library, as plain values by name. */
function theirs(schema: DescMessage, value: object): Record<string, unknown> {
  const present = schema.fields.filter((field) => isFieldSet(value as never, field));
  const plain = (field: DescField, one: unknown) => (field.message ? theirs(field.message, one as object) : one);
  return Object.fromEntries(
    present.map((field) => {
      const holder = value as Record<string, unknown>;
      const found = field.oneof ? (holder[field.oneof.localName] as { value: unknown }).value : holder[field.localName];
      return [
        field.localName,
        field.fieldKind === "list" ? (found as []).map((x) => plain(field, x)) : plain(field, found),
      ];
    }),
  );
}

/** The same of one of our messages. */
function ours(schema: DescMessage, value: Message): Record<string, unknown> {
  const plain = (field: DescField, one: unknown) => (field.message ? ours(field.message, one as Message) : one);
  const present = schema.fields.filter(({ localName }) => Object.hasOwn(value, localName));
  return Object.fromEntries(
    present.map((field) => {
      const found = value[field.localName as keyof Message] as unknown;
      if (field.fieldKind !== "list") return [field.localName, plain(field, found)];
      const isStored = !Array.isArray(found);
      return [
        field.localName,
        isStored ? numbersIn(found as StoredElements, field) : found.map((x) => plain(field, x)),
      ];
    }),
  );
}

function numbersIn({ bytes, ranges }: StoredElements, { scalar }: DescField): number[] {
  const joined = Uint8Array.from(ranges.flatMap(({ offset, length }) => [...bytes.slice(offset, offset + length)]));
  return [...(scalar === ScalarType.DOUBLE ? new Float64Array(joined.buffer) : new Float32Array(joined.buffer))];
}

const bytesOf = (...parts: (number | readonly number[])[]) => Uint8Array.from(parts.flat());
const repeated = (count: number, ...bytes: number[]) => Array.from({ length: count }, () => bytes).flat();

describe("the tables of messages", () => {
  it.each(schemas.map((schema) => [nameOf(schema), schema] as const))("have the fields of %s", (_, schema) => {
    const { fields } = typeOf(schema);
    expect(fields.map(({ name, field }) => [name, field.number])).toEqual(
      schema.fields.map(({ localName, number }) => [localName, number]).sort((a, b) => Number(a[1]) - Number(b[1])),
    );
  });

  it("have the values of the enumerations", () => {
    for (const one of all.filter((type) => type.kind === "enum")) {
      const values = Object.fromEntries(one.values.map(({ name, number }) => [name, number]));
      expect((enums as Record<string, object>)[one.name]).toMatchObject(values);
    }
  });
});

describe.each(schemas.map((schema) => [nameOf(schema), schema] as const))("random messages: %s", (_, schema) => {
  const encoded = messages(schema, 3).map((given) => toBinary(schema, create(schema, given)));

  it("are decoded and encoded as the library does", () => {
    fc.assert(
      fc.property(encoded, (bytes) => {
        const message = decode(typeOf(schema), bytes);
        expect(ours(schema, message)).toEqual(theirs(schema, fromBinary(schema, bytes)));
        expect(message.unknownFields).toEqual([]);
        expect(sameBytes(encode(typeOf(schema), message), bytes)).toBe(true);
      }),
      seeded,
    );
  });

  it("keep fields that the schema doesn't have, in order", () => {
    const unknown = fc.constantFrom(
      [0xfa, 0x7f, 3, 1, 2, 3], // field 2047: bytes
      [0x80, 0x7d, 0x80, 1], // field 2000: a varint of two bytes
      [0x85, 0x7d, 1, 2, 3, 4],
      [0x81, 0x7d, 1, 2, 3, 4, 5, 6, 7, 8],
      [0x83, 0x7d, 0x0b, 0x08, 5, 0x0c, 0x84, 0x7d], // a group with a group in it
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(encoded, unknown), { maxLength: 3 }), (parts) => {
        const bytes = bytesOf(...parts.flatMap(([known, other]) => [...known, ...other]));
        const again = encode(typeOf(schema), decode(typeOf(schema), bytes));
        expect(sameBytes(again, toBinary(schema, fromBinary(schema, bytes)))).toBe(true);
        const left = parts.flatMap(([, other]) => other);
        expect([...again.subarray(again.length - left.length)]).toEqual(left);
      }),
      seeded,
    );
  });

  it("survive changed bytes: an error, or a message that stays the same when it is written and read", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(encoded, changes, (bytes, changed) => {
        for (const [at, value] of changed) if (bytes.length > 0) bytes[at % bytes.length] = value;
        let message: Message;
        try {
          message = decode(typeOf(schema), bytes);
        } catch (error) {
          expect((error as Error).message).toMatch(/premature end|expected|illegal tag/);
          return;
        }
        const again = encode(typeOf(schema), message);
        expect(sameBytes(encode(typeOf(schema), decode(typeOf(schema), again)), again)).toBe(true);
      }),
      seeded,
    );
  });
});

/** Spellings of a message that an encoder doesn't choose, but a decoder must accept. */
const spellings: [name: string, schema: DescMessage, bytes: Uint8Array][] = [
  ["packed and single integers", TensorProtoSchema, bytesOf(0x0a, 2, 1, 2, 0x08, 3, 0x38, 4, 0x3a, 1, 5)],
  ["packed and single floats", TensorProtoSchema, bytesOf(0x25, 0, 0, 128, 63, 0x22, 8, 0, 0, 0, 64, 0, 0, 64, 64)],
  ["an empty run", TensorProtoSchema, bytesOf(0x22, 0, 0x0a, 0)],
  ["varints longer than needed", TensorProtoSchema, bytesOf(0x10, 0x81, 0x80, 0x00, 0x08, repeated(9, 0x80), 0)],
  ["an int32 of 64 bits", TensorProtoSchema, bytesOf(0x10, repeated(9, 0xff), 1)],
  ["a number twice", TensorProtoSchema, bytesOf(0x10, 1, 0x10, 2)],
  ["a text that isn't UTF-8", TensorProtoSchema, bytesOf(0x42, 3, 0xff, 65, 0xc3)],
  ["a text that starts with a byte order mark", TensorProtoSchema, bytesOf(0x42, 4, 0xef, 0xbb, 0xbf, 65)],
  ["a segment in two parts", TensorProtoSchema, bytesOf(0x1a, 2, 0x08, 1, 0x1a, 2, 0x10, 2)],
  ["a graph in two parts", ModelProtoSchema, bytesOf(0x3a, 4, 0x0a, 2, 0x1a, 0, 0x3a, 2, 0x0a, 0)],
  ["fields in another order", NodeProtoSchema, bytesOf(0x22, 1, 65, 0x12, 1, 66, 0x0a, 1, 67, 0x12, 1, 68)],
];

describe("decode", () => {
  it.each(spellings)("reads %s as the library does", (_, schema, bytes) => {
    const message = decode(typeOf(schema), bytes);
    const expected = fromBinary(schema, bytes);
    expect(ours(schema, message)).toEqual(theirs(schema, expected));
    expect(sameBytes(encode(typeOf(schema), message), toBinary(schema, expected))).toBe(true);
  });

  it("keeps the last of a size and a symbol", () => {
    const size = [0x08, 3];
    const symbol = [0x12, 1, 78];
    const read = (...parts: number[][]) => decode(proto.Dimension, bytesOf(...parts));
    expect(read(size, symbol)).toMatchObject({ dimValue: undefined, dimParam: "N" });
    expect(read(symbol, size)).toMatchObject({ dimValue: 3n, dimParam: undefined });
  });

  it("keeps fields of a known number and another wire type as unknown ones", () => {
    // name as a varint, dims as a float, data_type as a group.
    const bytes = bytesOf(0x40, 5, 0x0d, 1, 2, 3, 4, 0x13, 0x14);
    const tensor = decode(proto.TensorProto, bytes);
    expect(tensor.unknownFields.map(({ length }) => length)).toEqual([2, 5, 2]);
    expect([...encode(proto.TensorProto, tensor)]).toEqual([...bytes]);
  });

  it("gives bytes as views of those decoded", () => {
    const bytes = bytesOf(0x4a, 3, 1, 2, 3);
    const { rawData } = decode(proto.TensorProto, bytes);
    expect([rawData!.buffer === bytes.buffer, rawData!.byteOffset, rawData!.length]).toEqual([true, 2, 3]);
  });

  it("takes linear time for a message in many parts", () => {
    // Each part of the graph has a node and an unknown field.
    const part = [0x3a, 5, 0x0a, 0, 0xf8, 0x01, 1];
    const count = 200_000;
    const whole = new Uint8Array(part.length * count);
    for (let i = 0; i < count; i++) whole.set(part, part.length * i);
    const { graph } = decode(proto.ModelProto, whole);
    expect([graph!.node.length, graph!.unknownFields.length]).toEqual([count, count]);
  });

  it.each<[string, Uint8Array, string]>([
    ["an unfinished varint", bytesOf(0x08, 0x80), "premature end"],
    ["a varint of eleven bytes", bytesOf(0x08, repeated(10, 0x80), 0), "expected a varint of at most ten bytes"],
    ["a number that is cut", bytesOf(0x25, 0, 0), "premature end"],
    ["a length beyond the end", bytesOf(0x4a, 4, 0, 0, 0), "premature end"],
    ["a length of more than 32 bits", bytesOf(0x4a, 0x83, repeated(4, 0x80), 1, 0, 0, 0), "premature end"],
    ["an unknown length beyond the end", bytesOf(0xfa, 0x7f, 1), "premature end"],
    ["an unknown number that is cut", bytesOf(0x81, 0x7d, 0), "premature end"],
    ["a message that ends after its parent", bytesOf(0x6a, 3, 0x0a, 2, 65, 66), "premature end"],
    ["a number that ends after its message", bytesOf(0x1a, 2, 0x08, 0x80, 0x01), "premature end"],
    ["a run that ends inside a number", bytesOf(0x3a, 1, 0x80, 0x01), "premature end"],
    [
      "a run of floats that ends inside a number",
      bytesOf(0x22, 5, 0, 0, 0, 0, 0),
      "expected numbers of 4 bytes, got 5",
    ],
    ["field 0", bytesOf(0x02, 0), "illegal tag: field 0, wire type 2"],
    ["wire type 6", bytesOf(0x0e), "illegal tag: field 1, wire type 6"],
    ["a tag of more than 32 bits", bytesOf(0x8a, repeated(4, 0x80), 1), "illegal tag"],
    ["the end of no group", bytesOf(0x0c), "illegal tag: end of group 1"],
    ["the end of another group", bytesOf(0xfb, 0x01, 0x84, 0x02), "illegal tag: end of group 32"],
    ["a group without an end", bytesOf(0xfb, 0x01, 0x08, 1), "premature end"],
    ["groups nested too deep", bytesOf(repeated(101, 0xfb, 0x01)), "expected at most 100 nested messages"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decode(proto.TensorProto, bytes)).toThrow(message);
  });

  it("refuses messages nested too deep, as the library does", () => {
    /** An attribute with a graph with a node with an attribute, and so on. */
    const nestedIn = (levels: number) => {
      let attribute = own(proto.AttributeProto);
      for (let i = 0; i < levels; i++) {
        const node = own(proto.NodeProto, { attribute: [attribute] });
        attribute = own(proto.AttributeProto, { g: own(proto.GraphProto, { node: [node] }) });
      }
      const graph = own(proto.GraphProto, { node: [own(proto.NodeProto, { attribute: [attribute] })] });
      return encode(proto.ModelProto, own(proto.ModelProto, { graph }));
    };
    // The model, its graph, a node and its attribute are four.
    expect(decode(proto.ModelProto, nestedIn(32)).graph!.node.length).toBe(1);
    expect(fromBinary(ModelProtoSchema, nestedIn(32)).graph!.node.length).toBe(1);
    expect(() => decode(proto.ModelProto, nestedIn(33))).toThrow("expected at most 100 nested messages");
    expect(() => fromBinary(ModelProtoSchema, nestedIn(33))).toThrow("maximum recursion depth");
  });
});

describe("encode", () => {
  it("writes fields that are zero if they are given", () => {
    const given = { name: "", dataType: 0, dims: [], rawData: new Uint8Array(0), segment: undefined };
    expect([...encode(proto.TensorProto, own(proto.TensorProto, given))]).toEqual([0x10, 0, 0x42, 0, 0x4a, 0]);
    expect([...encode(proto.TensorProto, own(proto.TensorProto))]).toEqual([]);
  });

  it.each([0, 1, 31, 32, 33, 127, 128, 1023, 1024, 1025, 16_383, 16_384, 100_000])(
    "writes text of length %i",
    (length) => {
      for (const letter of ["a", "é", "€"]) {
        const docString = letter.repeat(length);
        const bytes = toBinary(
          TensorProtoSchema,
          create(TensorProtoSchema, { docString, rawData: new Uint8Array(length) }),
        );
        const tensor = decode(proto.TensorProto, bytes);
        expect(tensor.docString).toBe(docString);
        expect(sameBytes(encode(proto.TensorProto, tensor), bytes)).toBe(true);
      }
    },
  );

  it.each<[string, Partial<proto.AttributeProto>, string]>([
    ["a float", { f: 1e39 }, "expected a number in the range of a float, got 1e+39"],
    ["an int64", { i: 2n ** 63n }, "expected a 64-bit integer, got 9223372036854775808"],
    ["an int32", { type: 2 ** 31 }, "expected a 32-bit integer, got 2147483648"],
    ["a fraction", { type: 0.5 }, "expected a 32-bit integer, got 0.5"],
  ])("refuses what doesn't fit %s", (_, given, message) => {
    expect(() => encode(proto.AttributeProto, own(proto.AttributeProto, given))).toThrow(message);
  });

  it("refuses a message that is larger than protobuf's", () => {
    // The same bytes many times, so that little memory is needed.
    const rawData = new Uint8Array(2 ** 26);
    const tensor = own(proto.TensorProto, { rawData });
    const graph = own(proto.GraphProto, { initializer: Array.from({ length: 32 }, () => tensor) });
    expect(() => encode(proto.ModelProto, own(proto.ModelProto, { graph }))).toThrow(
      /expected a message of at most 2147483647 bytes, as protobuf allows, got 2147\d+: larger models keep/,
    );
  });

  it("refuses a negative uint64", () => {
    const tensor = own(proto.TensorProto, { uint64Data: [-1n] });
    expect(() => encode(proto.TensorProto, tensor)).toThrow("expected an unsigned 64-bit integer, got -1");
  });
});
