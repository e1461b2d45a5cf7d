import { expect, it } from "vitest";
import { create } from "../src/message-type.js";
import { DataType } from "../src/onnx-enums.js";
import { TensorProto } from "../src/onnx-proto.js";
import { floatFormats, readTensor } from "../src/stored-tensor.js";

/** All bit patterns of 16 bits, as the lowest or the highest bits of an element, twice: more bytes than are read at a time. */
const count = 2 ** 17;

it.each([...floatFormats])(
  "large tensors of type %i have the numbers that single elements have",
  (dataType, { size, read }) => {
    // An odd offset: elements are not aligned.
    const file = new Uint8Array(5 + count * size);
    const view = new DataView(file.buffer);
    for (let i = 0; i < count; i++) view.setUint16(5 + i * size + (i < 2 ** 16 ? 0 : size - 2), i & 0xffff, true);
    const proto = create(TensorProto, { dataType, dims: [BigInt(count)], rawData: file.subarray(5) });
    const { array } = readTensor(proto, new Map([["", file]]), "weight");
    const expected = Float32Array.from({ length: count }, (_, i) => read(view, 5 + i * size));
    expect(array.data.every((value, i) => Object.is(value, expected[i]))).toBe(true);
  },
);

it.each([DataType.FLOAT16, DataType.BFLOAT16])(
  "numbers of 16 bits stored as int32 of type %i are those of raw data",
  (dataType) => {
    const bits = Array.from({ length: 2 ** 16 }, (_, i) => i);
    const [dims, rawData] = [[BigInt(bits.length)], new Uint8Array(Uint16Array.from(bits).buffer)];
    const files = new Map([["", rawData]]);
    const stored = readTensor(create(TensorProto, { dataType, dims, int32Data: bits }), files, "weight");
    const raw = readTensor(create(TensorProto, { dataType, dims, rawData }), files, "weight");
    expect(stored.array).toEqual(raw.array);
  },
);
