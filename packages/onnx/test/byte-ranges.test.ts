import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { sameBytes } from "../../tensor/test/bytes.js";
import { type ByteRange, scanModel } from "../src/byte-ranges.js";
import { ModelProtoSchema } from "../src/onnx_pb.js";
import { ownNetworks } from "./networks.js";
import { DataType, onnxFile } from "./onnx-file.js";

const cut = (bytes: Uint8Array, { offset, length }: ByteRange) => bytes.slice(offset, offset + length);
const floatsAt = (bytes: Uint8Array, range: ByteRange) => [...new Float32Array(cut(bytes, range).buffer)];

describe("scanModel", () => {
  it.each(ownNetworks)("finds every raw_data of $name", ({ bytes }) => {
    const { graph } = fromBinary(ModelProtoSchema, bytes);
    const { initializers } = scanModel(bytes);
    const same = initializers.map(({ raw }, i) => sameBytes(cut(bytes, raw!), graph!.initializer[i]!.rawData));
    expect(same).toEqual(graph!.initializer.map(() => true));
  });

  it("finds packed floats and doubles, and floats in attributes", () => {
    const bytes = onnxFile({
      nodes: [
        { op: "Constant", inputs: [], outputs: ["a"], attributes: { value_floats: { floats: [1, 2] } } },
        { op: "Constant", inputs: [], outputs: ["b"], attributes: { value_float: { float: 3 } } },
        {
          op: "Constant",
          inputs: [],
          outputs: ["c"],
          attributes: { value: { tensor: { dims: [2n], dataType: DataType.FLOAT, floatData: [4, 5] } } },
        },
      ],
      inputs: [],
      outputs: [],
      initializers: [{ name: "d", dims: [2n], dataType: DataType.DOUBLE, doubleData: [6, 7] }],
    });
    const { initializers, nodes } = scanModel(bytes);
    expect(nodes[0]![0]!.floats.flatMap((range) => floatsAt(bytes, range))).toEqual([1, 2]);
    expect(floatsAt(bytes, nodes[1]![0]!.float!)).toEqual([3]);
    expect(nodes[2]![0]!.tensor.floats.flatMap((range) => floatsAt(bytes, range))).toEqual([4, 5]);
    const doubles = initializers[0]!.doubles.map((range) => cut(bytes, range));
    expect([...new Float64Array(doubles[0]!.buffer)]).toEqual([6, 7]);
  });

  it("refuses a length beyond the end", () => {
    expect(() => scanModel(Uint8Array.of(0x3a, 0x7f, 0))).toThrow("premature end");
  });
});
