import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { AttributeReader } from "../src/attribute-reader.js";
import { decode } from "../src/message-type.js";
import { NodeProto } from "../src/onnx-proto.js";
import { AttributeProtoSchema, NodeProtoSchema } from "./onnx_pb.js";
import { type Attribute, attributeProto } from "./onnx-file.js";

const who = 'node "c" (Conv)';

type Attributes = MessageInitShape<typeof AttributeProtoSchema>[];

/** Reader of a node that was encoded and decoded. */
const readerOf = (attribute: Attributes) =>
  new AttributeReader(decode(NodeProto, toBinary(NodeProtoSchema, create(NodeProtoSchema, { attribute }))), who);

const reader = (attributes: Record<string, Attribute>) =>
  readerOf(Object.entries(attributes).map(([name, value]) => attributeProto(name, value)));

describe("AttributeReader", () => {
  it("reads every type, with a default for absent attributes", () => {
    const read = reader({ group: 2, pads: [1, -1], alpha: { float: 0.5 }, mode: "edge" });
    expect(read.int("group", 1)).toBe(2);
    expect(read.ints("pads")).toEqual([1, -1]);
    expect(read.float("alpha", 1)).toBe(0.5);
    expect(read.text("mode", ["constant", "edge"], "constant")).toBe("edge");
    expect([read.int("other", 7), read.ints("none"), read.float("beta", 1), read.text("auto", ["a"], "a")]).toEqual([
      7,
      undefined,
      1,
      "a",
    ]);
    expect(() => read.finish()).not.toThrow();
  });

  it("refuses attributes that were not read", () => {
    const read = reader({ group: 2, dilation: [1], stride: 3 });
    read.int("group", 1);
    expect(() => read.finish()).toThrow(`${who}: expected group, got also "dilation", "stride"`);
  });

  it.each([
    ["another type", (r: AttributeReader) => r.float("group", 1), "group: expected a number, got one of type INT"],
    ["a value too small", (r: AttributeReader) => r.int("group", 1, { min: 3 }), "group: expected 3 or more, got 2"],
    ["a value too large", (r: AttributeReader) => r.flag("group", 0), "group: expected 0 to 1, got 2"],
    ["a small entry", (r: AttributeReader) => r.ints("pads", { min: 0 }), "pads: expected 0 or more, got -1"],
    ["an unknown string", (r: AttributeReader) => r.text("mode", ["a", "b"], "a"), 'mode: expected a or b, got "edge"'],
    [
      "an infinite number",
      (r: AttributeReader) => r.float("alpha", 1),
      "alpha: expected a finite number, got Infinity",
    ],
  ])("refuses %s", (_, read, message) => {
    const attributes = { group: 2, pads: [1, -1], mode: "edge", alpha: { float: Number.POSITIVE_INFINITY } };
    expect(() => read(reader(attributes))).toThrow(`${who}: ${message}`);
  });

  it("refuses integers beyond 2^53, repeated attributes and references", () => {
    const big = create(AttributeProtoSchema, { name: "axis", type: 2, i: 2n ** 60n });
    const twice = [big, big];
    const reference = create(AttributeProtoSchema, { name: "axis", type: 2, refAttrName: "outer" });
    expect(() => readerOf([big]).int("axis", 0)).toThrow(`${who}: axis: expected an integer below 2^53`);
    expect(() => readerOf(twice)).toThrow("axis: expected one value, got two");
    expect(() => readerOf([reference])).toThrow('axis: expected a value, got a reference to "outer"');
  });

  it("reads attributes of the first IR version, which have no type", () => {
    const untyped = create(AttributeProtoSchema, { name: "pads", ints: [1n, 2n] });
    const read = readerOf([untyped]);
    expect(read.ints("pads")).toEqual([1, 2]);
  });
});
