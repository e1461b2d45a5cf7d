import { describe, expect, it } from "vitest";
import { sameBytes } from "../../tensor/test/bytes.js";
import { type ByteRange, rangeOf } from "../src/byte-ranges.js";
import type { StoredElements } from "../src/message-fields.js";
import { decode } from "../src/message-type.js";
import { ModelProto } from "../src/onnx-proto.js";
import { ownNetworks } from "./networks.js";
import { DataType, onnxFile } from "./onnx-file.js";

const cut = (bytes: Uint8Array, { offset, length }: ByteRange) => bytes.slice(offset, offset + length);
const bytesIn = (bytes: Uint8Array, elements: StoredElements | undefined) =>
  Uint8Array.from(elements!.ranges.flatMap((range) => [...cut(bytes, range)])).buffer;
const floatsIn = (...from: Parameters<typeof bytesIn>) => [...new Float32Array(bytesIn(...from))];

describe("byte ranges", () => {
  it.each(ownNetworks)("are those of every raw_data of $name", ({ bytes }) => {
    // A file inside larger memory.
    const file = new Uint8Array(bytes.length + 16).subarray(16);
    file.set(bytes);
    const tensors = decode(ModelProto, file).graph!.initializer;
    expect(tensors.length).toBeGreaterThan(0);
    const same = tensors.map(({ rawData }) => sameBytes(cut(bytes, rangeOf(rawData!, file)), rawData!));
    expect(same).toEqual(tensors.map(() => true));
  });

  it("are found for packed floats and doubles, and for floats in attributes", () => {
    const bytes = onnxFile({
      nodes: [
        { op: "Constant", inputs: [], outputs: ["a"], attributes: { value_floats: { floats: [1, 2] } } },
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
    const { initializer, node } = decode(ModelProto, bytes).graph!;
    expect(floatsIn(bytes, node[0]!.attribute[0]!.floats)).toEqual([1, 2]);
    expect(node[0]!.attribute[0]!.floats!.ranges.map(({ length }) => length)).toEqual([4, 4]);
    expect(floatsIn(bytes, node[1]!.attribute[0]!.t!.floatData)).toEqual([4, 5]);
    expect([...new Float64Array(bytesIn(bytes, initializer[0]!.doubleData))]).toEqual([6, 7]);
  });
});
