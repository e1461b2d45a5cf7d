import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type AttributeSchema, readAttributes } from "@neft/model";
import { describe, expect, it } from "vitest";
import { flag, ignored, int, ints, real, reals, text, texts } from "../../model/src/attribute-kinds.js";
import { readNodeAttributes } from "../src/attribute-reader.js";
import { decode } from "../src/message-type.js";
import { NodeProto } from "../src/onnx-proto.js";
import { AttributeProtoSchema, NodeProtoSchema } from "./onnx_pb.js";
import { type Attribute, attributeProto } from "./onnx-file.js";

const who = 'node "c" (Conv)';

type Attributes = MessageInitShape<typeof AttributeProtoSchema>[];

/** Attributes of a node that was encoded and decoded. */
function read(schema: AttributeSchema, attribute: Attributes) {
  const bytes = toBinary(NodeProtoSchema, create(NodeProtoSchema, { attribute }));
  return readAttributes(
    schema,
    readNodeAttributes(decode(NodeProto, bytes), schema, new Map([["", bytes]]), who).values,
  );
}

const readValues = (schema: AttributeSchema, given: Record<string, Attribute>) =>
  read(
    schema,
    Object.entries(given).map(([name, value]) => attributeProto(name, value)),
  );

describe("attributes of a file's node", () => {
  it("are read by the schema, with a default for absent ones", () => {
    const schema = {
      ...{
        group: int({ default: 1 }),
        pads: ints(),
        alpha: real({ default: 1 }),
        mode: text(["constant", "edge"], { default: "constant" }),
      },
      ...{ other: int({ default: 7 }), none: ints(), beta: real({ default: 1 }), auto: text(["a"], { default: "a" }) },
      ...{ keep: flag(true), off: flag(true), seed: ignored(), scales: reals() },
    };
    const given = {
      group: 2,
      pads: [1, -1],
      alpha: { float: 0.5 },
      mode: "edge",
      off: 0,
      seed: 3,
      scales: { floats: [0.5, 2] },
    };
    expect(readValues(schema, given)).toEqual({
      ...{ group: 2, pads: [1, -1], alpha: 0.5, mode: "edge", other: 7, none: undefined, beta: 1, auto: "a" },
      ...{ keep: true, off: false, seed: undefined, scales: [0.5, 2] },
    });
  });

  it("may have several strings", () => {
    const strings = ["Tanh", "Relu"].map((word) => new TextEncoder().encode(word));
    expect(
      read({ activations: texts() }, [create(AttributeProtoSchema, { name: "activations", type: 8, strings })]),
    ).toEqual({
      activations: ["Tanh", "Relu"],
    });
  });

  it("are refused when the schema doesn't have them", () => {
    expect(() => readValues({ group: int() }, { group: 2, dilation: [1], stride: 3 })).toThrow(
      `${who}: expected group, got also "dilation", "stride"`,
    );
  });

  it.each<[string, AttributeSchema, string]>([
    ["another type", { group: real({ default: 1 }) }, `${who}: group: expected a number, got one of type INT`],
    ["a value too small", { group: int({ min: 3 }) }, "group: expected 3 or more, got 2"],
    ["a value too large", { group: flag(false) }, "group: expected 0 to 1, got 2"],
    ["a small entry", { pads: ints({ min: 0 }) }, "pads: expected 0 or more, got -1"],
    ["an unknown string", { mode: text(["a", "b"], { default: "a" }) }, 'mode: expected a or b, got "edge"'],
    ["an infinite number", { alpha: real({ default: 1 }) }, "alpha: expected a finite number, got Infinity"],
    ["an absent one that is required", { axis: int({ required: true }) }, "axis: expected an integer, got none"],
  ])("are refused for %s", (_, schema, message) => {
    const all: Record<string, Attribute> = {
      group: 2,
      pads: [1, -1],
      mode: "edge",
      alpha: { float: Number.POSITIVE_INFINITY },
    };
    const given = Object.fromEntries(Object.entries(all).filter(([name]) => name in schema));
    expect(() => readValues(schema, given)).toThrow(message);
  });

  it("are refused beyond 2^53, when repeated, and as references", () => {
    const big = create(AttributeProtoSchema, { name: "axis", type: 2, i: 2n ** 60n });
    const reference = create(AttributeProtoSchema, { name: "axis", type: 2, refAttrName: "outer" });
    expect(() => read({ axis: int() }, [big])).toThrow("axis: expected an integer below 2^53");
    expect(() => read({ axis: int() }, [big, big])).toThrow("axis: expected one value, got two");
    expect(() => read({ axis: int() }, [reference])).toThrow('axis: expected a value, got a reference to "outer"');
  });

  it("have no type in files of the first IR version", () => {
    expect(read({ pads: ints() }, [create(AttributeProtoSchema, { name: "pads", ints: [1n, 2n] })])).toEqual({
      pads: [1, 2],
    });
  });
});
