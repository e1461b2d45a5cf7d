import { readFileSync } from "node:fs";
import { decodeNpz, imageWarnings, makeDataset, makeNormalisation } from "@neft/data";
import { strToU8 } from "fflate";
import { describe, expect, it } from "vitest";
import { npy, npz } from "./formats.js";

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`golden/${name}`, import.meta.url)));
const y = npy("|u1", [2], Uint8Array.of(1, 0));

/** An .npy file of 8 bytes with this header, of this version. */
function withHeader(header: string, version = 1): Uint8Array {
  const text = strToU8(header);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.of(0x93, ...strToU8("NUMPY"), version, 0, ...length, ...text, 1, 2, 3, 4, 5, 6, 7, 8);
}
const read = (header: string, version?: number) => decodeNpz(npz({ x: withHeader(header, version), y }));

describe("headers", () => {
  it("of Python 2 are read", () => {
    const data = decodeNpz(golden("python2.npz"));
    expect([data.count, data.shape, data.arrays]).toEqual([30, [1, 4, 4], ["x", "y"]]);
  });

  it.each([
    ["as numpy writes them", "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4), }          \n"],
    ["with long integers", "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 4L), }"],
    ["in another order", "{'shape': (2, 4), 'descr': '|u1', 'fortran_order': False}"],
    ["in other quotes", '{"descr": "|u1", "fortran_order": False, "shape": (2, 4)}'],
    ["with u in front", "{u'descr': u'|u1', u'fortran_order': False, u'shape': (2, 4)}"],
    ["with spaces all over", "  { 'descr' : '|u1' ,'fortran_order':False,\t'shape' : ( 2 ,4 , ) , }  "],
    ["without a byte order", "{'descr': 'u1', 'fortran_order': False, 'shape': (2, 4)}"],
    ["on several lines", "{\n'descr': '|u1',\n'fortran_order': False,\n'shape': (2,\n 4)}\n"],
  ])("%s are read, in every version", (_, header) => {
    for (const version of [1, 2, 3]) {
      expect(read(header, version)).toMatchObject({ shape: [4], values: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
    }
  });

  it.each([
    ["a number for a tuple", "{'descr': '|u1', 'fortran_order': False, 'shape': (8)}"],
    ["a list for a tuple", "{'descr': '|u1', 'fortran_order': False, 'shape': [2, 4]}"],
    ["a negative size", "{'descr': '|u1', 'fortran_order': False, 'shape': (-2, -4)}"],
    ["a hole", "{'descr': '|u1', 'fortran_order': False, 'shape': (2,,4)}"],
    ["a fraction", "{'descr': '|u1', 'fortran_order': False, 'shape': (2., 4)}"],
    ["a number too much", "{'descr': '|u1', 'fortran_order': False, 'shape': (2 2, 4)}"],
    ["a key twice", "{'descr': '|u1', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)}"],
    ["an unknown key", "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4), 'order': 'C'}"],
    ["a missing key", "{'descr': '|u1', 'shape': (2, 4)}"],
    ["a number for a truth", "{'descr': '|u1', 'fortran_order': 0, 'shape': (2, 4)}"],
    ["a structured dtype", "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (2, 4)}"],
    ["no brace", "'descr': '|u1', 'fortran_order': False, 'shape': (2, 4)"],
    ["something behind", "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4)} + {}"],
  ])("with %s are refused", (_, header) => {
    expect(() => read(header)).toThrow("x: expected a header with descr, fortran_order and shape, got ");
  });

  it("with sizes that overflow are refused", () => {
    const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (9007199254740993, 4294967296)}";
    expect(() => read(header)).toThrow(/x: expected a shape that fits a file/);
  });
});

/** Samples 0, 1, 2, 3, 4, 5 of shape [2, 3] in every numeric dtype: what numpy's astype("float32") gives. */
const words = (bytes: number, write: (view: DataView, at: number, value: number) => void): Uint8Array => {
  const view = new DataView(new ArrayBuffer(6 * bytes));
  for (let i = 0; i < 6; i++) write(view, i * bytes, i);
  return new Uint8Array(view.buffer);
};
const dtypes: Readonly<Record<string, (little: boolean) => Uint8Array>> = {
  i1: () => words(1, (view, at, value) => view.setInt8(at, value)),
  u2: (little) => words(2, (view, at, value) => view.setUint16(at, value, little)),
  i2: (little) => words(2, (view, at, value) => view.setInt16(at, value, little)),
  u4: (little) => words(4, (view, at, value) => view.setUint32(at, value, little)),
  i4: (little) => words(4, (view, at, value) => view.setInt32(at, value, little)),
  f4: (little) => words(4, (view, at, value) => view.setFloat32(at, value, little)),
  f8: (little) => words(8, (view, at, value) => view.setFloat64(at, value, little)),
};

describe("samples", () => {
  for (const order of ["<", ">", "="]) {
    it.each(Object.entries(dtypes))(`of dtype ${order}%s are read in C and Fortran order`, (dtype, make) => {
      const data = make(order !== ">");
      const rows = decodeNpz(npz({ x: npy(`${order}${dtype}`, [2, 3], data), y }));
      expect(rows).toMatchObject({ bytes: false, values: Float32Array.of(0, 1, 2, 3, 4, 5) });
      const columns = decodeNpz(npz({ x: npy(`${order}${dtype}`, [2, 3], data, "True"), y }));
      expect(columns.values).toEqual(Float32Array.of(0, 2, 4, 1, 3, 5));
    });
  }

  it("of truth values are 0 and 1, whatever byte stands for true, and aren't scaled", () => {
    const bools = decodeNpz(golden("bool.npz"));
    expect({ ...bools, name: "" }).toEqual({ ...decodeNpz(golden("zerosAndOnes.npz")), name: "" });
    expect(makeNormalisation(bools).scale).toBe(1);
    expect(decodeNpz(npz({ x: npy("|b1", [2, 1], Uint8Array.of(0, 255)), y })).values).toEqual(Float32Array.of(0, 1));
  });

  it("of bytes keep their order", () => {
    const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5);
    expect(decodeNpz(npz({ x: npy("|u1", [2, 3], bytes, "True"), y })).values).toEqual(Uint8Array.of(0, 2, 4, 1, 3, 5));
  });

  it.each<[string, (at: number, value: number) => Uint8Array]>([
    ["<i4", (at, value) => words(4, (view, place, i) => view.setInt32(place, i === at ? value : -i, true))],
    [">u4", (at, value) => words(4, (view, place, i) => view.setUint32(place, i === at ? value : i))],
    ["<i8", (at, value) => words(8, (view, place, i) => view.setBigInt64(place, BigInt(i === at ? value : -i), true))],
    [">u8", (at, value) => words(8, (view, place, i) => view.setBigUint64(place, BigInt(i === at ? value : i)))],
  ])("of dtype %s are read exactly, or refused when f32 can't represent them", (dtype, make) => {
    const read = (value: number) => decodeNpz(npz({ x: npy(dtype, [2, 3], make(4, value)), y }));
    for (const value of [3, 2 ** 24, 2 ** 30]) expect(read(value).values[4]).toBe(value);
    expect(() => read(2 ** 24 + 1)).toThrow(
      /x: expected integers that 32-bit floats represent exactly, such as all up to 16777216, got 16777217; if they may be rounded, convert them with .astype\("float32"\)/,
    );
  });

  it.each(["<f2", "<c8", "<M8[ns]", "|S5", "<U3", "|O", "|V8", "<f16"])("of dtype %s are refused", (dtype) => {
    expect(() => decodeNpz(npz({ x: npy(dtype, [2, 1], new Uint8Array(16)), y }))).toThrow(
      `x: expected a dtype of b1, u1, i1, u2, i2, u4, i4, u8, i8, f4, f8, got "${dtype}"; convert it`,
    );
  });

  it("that aren't finite are refused", () => {
    for (const [descr, values] of [
      ["<f4", Float32Array.of(1, Number.NaN)],
      ["<f8", Float64Array.of(1, 1e300)],
    ] as const) {
      expect(() => decodeNpz(npz({ x: npy(descr, [2, 1], values), y }))).toThrow(
        /expected finite values, got (NaN|Infinity) in sample 1/,
      );
    }
  });

  it("labels are read in their stored type, not as f32", () => {
    // 16777217 isn't an f32.
    const labels = npy("<i4", [2], Int32Array.of(16_777_217, 0));
    expect(decodeNpz(npz({ x: npy("<f4", [2, 1], new Float32Array(2)), y: labels })).labels[0]).toBe(16_777_217);
    const nearly = npy("<f8", [2], Float64Array.of(1 + 1e-12, 0));
    expect(() => decodeNpz(npz({ x: npy("<f4", [2, 1], new Float32Array(2)), y: nearly }))).toThrow(
      "got 1.000000000001",
    );
  });
});

describe("imageWarnings", () => {
  const bytes = (largest: number) => Uint8Array.of(0, largest, 0, 0);
  const floats = (...values: number[]) => Float32Array.of(0, ...values, 0);
  it.each<[string, Uint8Array | Float32Array, object, RegExp | undefined]>([
    ["bytes of 0 and 1", bytes(1), {}, /the largest byte is 1, and bytes are divided by 255; .* set scale to 1$/],
    ["bytes of 0", bytes(0), {}, /the largest byte is 0/],
    ["bytes of 0 and 1 with scale 1", bytes(1), { scale: 1 }, undefined],
    ["bytes up to 16", bytes(16), {}, /the largest byte is 16, and bytes are divided by 255; .* set scale to 16$/],
    ["bytes up to 15 with scale 16", bytes(15), { scale: 16 }, undefined],
    ["other bytes", bytes(33), {}, undefined],
    ["floats up to 255", floats(17.5, 255), {}, /values are up to 255 and aren't scaled; .* set scale \(255 for/],
    ["floats up to 255 with a scale", floats(17.5, 255), { scale: 255 }, undefined],
    ["floats up to 255 with a mean and a std", floats(17.5, 255), { mean: [33], std: [78] }, undefined],
    ["floats up to 1", floats(0.5, 1), {}, undefined],
    ["normalised floats", floats(-2.1, 2.6), {}, undefined],
    ["signed bytes as floats", floats(-128, 127), {}, /up to 127/],
  ])("%s", (_, values, options, message) => {
    const data = makeDataset("test", { name: "test", values, labels: [0], shape: [1, 2, 2] });
    const warnings = imageWarnings(data, makeNormalisation(data, options));
    if (message === undefined) expect(warnings).toEqual([]);
    else expect(warnings).toEqual([expect.stringMatching(message)]);
  });

  it("says nothing where the network takes integers", () => {
    const data = makeDataset("test", { name: "test", values: floats(17, 255), labels: [0], shape: [1, 2, 2] });
    expect(imageWarnings(data, makeNormalisation(data), "i32")).toEqual([]);
  });

  it("says nothing of samples that are no images", () => {
    const data = makeDataset("test", { name: "test", values: floats(17, 255), labels: [0], shape: [4] });
    expect(imageWarnings(data, makeNormalisation(data))).toEqual([]);
  });
});
