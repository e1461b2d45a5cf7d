import { init } from "@neft/kernels";
import { importOnnx } from "@neft/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { type Attribute, floats, onnxFile } from "./onnx-file.js";
import { differences, largestAttribute, runHere, runInRuntime, type Values } from "./runtime.js";

// Windows with ordinary numbers and with numbers beyond 32 bits, compared with onnxruntime.

beforeAll(() => init());

const [channels, height, width] = [2, 6, 5];
const x: Values = {
  x: {
    dtype: "f32",
    shape: [1, channels, height, width],
    data: Float32Array.from({ length: channels * height * width }, (_, i) => Math.fround(((i * 37) % 23) / 8 - 1)),
  },
};

type Attributes = Readonly<Record<string, Attribute>>;

/** A network of one convolution or pool. */
function file(op: string, kernel: readonly number[], attributes: Attributes): Uint8Array {
  const isConv = op === "Conv";
  const size = kernel.reduce((product, n) => product * n, 3 * channels);
  return onnxFile({
    opset: op === "AveragePool" ? 19 : 17,
    nodes: [
      {
        op,
        name: "window",
        inputs: isConv ? ["x", "w"] : ["x"],
        outputs: ["y"],
        attributes: { ...(isConv ? {} : { kernel_shape: kernel }), ...attributes },
      },
    ],
    inputs: [{ name: "x", shape: [1, channels, height, width] }],
    outputs: [{ name: "y", shape: [1, "c", "h", "w"] }],
    initializers: isConv
      ? [
          floats(
            "w",
            [3, channels, ...kernel],
            Float32Array.from({ length: size }, (_, i) => Math.fround(Math.sin(i))),
          ),
        ]
      : [],
  });
}

const ops = ["Conv", "MaxPool", "AveragePool"];
const huge = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40];

/** Whether the runtime can say what is right: its build for browsers can't for numbers beyond 32 bits. */
const runtimeTakes = (attributes: Attributes): boolean =>
  !Object.values(attributes)
    .flat()
    .some((value) => typeof value === "number" && value > largestAttribute);

/** Kernel and attributes that ONNX allows. */
const legal: [readonly number[], Attributes][] = [
  [[3, 3], {}],
  [[1, 1], { strides: [2, 3] }],
  [[3, 2], { strides: [1, 2], pads: [1, 0, 2, 1] }],
  [[2, 2], { dilations: [3, 2], pads: [0, 1, 1, 0] }],
  [[6, 5], { strides: [2, 2] }],
  [[8, 7], { pads: [1, 2, 1, 0] }],
  ...[7, 1000, 30_000, ...huge].flatMap((n): [readonly number[], Attributes][] => [
    [[3, 3], { strides: [n, 1] }],
    [[2, 3], { strides: [n, n], pads: [1, 1, 1, 1] }],
    [[1, 3], { dilations: [n, 1] }],
    [[1, 1], { dilations: [n, n], strides: [1, n] }],
  ]),
  ...["SAME_UPPER", "SAME_LOWER", "VALID"].flatMap((auto_pad): [readonly number[], Attributes][] => [
    [[2, 3], { auto_pad }],
    [[2, 2], { auto_pad, strides: [2, 1] }],
    [[4, 3], { auto_pad, strides: [3, 2] }],
    [[3, 3], { auto_pad, strides: [5, 4] }],
  ]),
];

/** Kernel and attributes that are invalid or need more memory than exists. */
const refused: [readonly number[], Attributes][] = [
  [[7, 1], {}],
  [[3, 3], { dilations: [3, 1] }],
  [[3, 3], { strides: [0, 1] }],
  [[3, 3], { strides: [-1, 1] }],
  [[3, 3], { dilations: [0, 1] }],
  [[3, 3], { pads: [-1, 0, 0, 0] }],
  [[3, 3], { pads: [1, 1] }],
  [[3, 3], { strides: [1] }],
  [[3, 3], { dilations: [1, 1, 1] }],
  [[3, 3], { auto_pad: "SAME" }],
  ...huge.flatMap((n): [readonly number[], Attributes][] => [
    [[3, 3], { pads: [n, 0, 0, 0] }],
    [[3, 3], { pads: [0, 0, n, 0], strides: [n, 1] }],
    [[3, 3], { pads: [n, n, n, n], strides: [n, n] }],
    [[3, 3], { dilations: [n, 1] }],
    [[3, 3], { dilations: [n, 1], pads: [n, 0, n, 0] }],
    [[3, 3], { auto_pad: "SAME_UPPER", dilations: [n, 1] }],
  ]),
  [[3, 3], { pads: [30_000, 30_000, 30_000, 30_000] }],
];

describe.each(ops)("%s", (op) => {
  it("agrees with onnxruntime for valid windows", async () => {
    const failures: string[] = [];
    for (const [kernel, attributes] of legal) {
      const bytes = file(op, kernel, attributes);
      const what = `${kernel} ${JSON.stringify(attributes)}`;
      try {
        const model = importOnnx(bytes);
        const here = runHere(model, x);
        if (runtimeTakes(attributes)) {
          const there = await runInRuntime(bytes, x);
          failures.push(...differences(there, here).map((text) => `${what}: ${text}`));
        }
        model.dispose();
      } catch (error) {
        failures.push(`${what}: ${(error as Error).message}`);
      }
    }
    expect(failures).toEqual([]);
  });

  it("is refused at import, naming the node, for invalid or too large windows", () => {
    const failures: string[] = [];
    for (const [kernel, attributes] of refused) {
      try {
        importOnnx(file(op, kernel, attributes)).dispose();
        failures.push(`${kernel} ${JSON.stringify(attributes)}: imported`);
      } catch (error) {
        const { message } = error as Error;
        if (!/node "window" \(\w+\).*: expected .*, got /.test(message)) failures.push(message);
      }
    }
    expect(failures).toEqual([]);
  });
});

describe("windows of pools", () => {
  it.each(["MaxPool", "AveragePool"])("are refused by %s if one covers padding only, as by onnxruntime", async (op) => {
    for (const pads of [
      [3, 0, 0, 0],
      [0, 0, 0, 3],
      [4, 4, 4, 4],
    ]) {
      const bytes = file(op, [3, 3], { pads });
      expect(() => importOnnx(bytes)).toThrow(/node "window" \(\w+\): pads: expected less padding than the window's 3/);
      await expect(runInRuntime(bytes, x)).rejects.toThrow();
    }
  });
});

describe.each(["MaxPool", "AveragePool"])("a dilated %s", (op) => {
  /** Size 2 along the axis, dilation 3: windows that begin at -2 read positions -2 and 1, those that begin at -1 read -1 and 2. */
  const dilated = (pads: number[]) =>
    onnxFile({
      opset: 19,
      nodes: [
        { op, name: "window", inputs: ["x"], outputs: ["y"], attributes: { kernel_shape: [2], dilations: [3], pads } },
      ],
      inputs: [{ name: "x", shape: [1, 1, 2] }],
      outputs: [{ name: "y", shape: [1, 1, "w"] }],
    });

  it("is refused where a window reads padding only", () => {
    expect(() => importOnnx(dilated([2, 1]))).toThrow(
      /node "window" \(\w+\): dilations: expected windows that read the image, got one of which all elements are padding/,
    );
    importOnnx(dilated([2, 0])).dispose();
  });
});

describe("Pad", () => {
  it.each([2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40])("is refused at import for a padding of %d", (n) => {
    for (const pads of [
      [0, 0, n, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, n, n],
    ]) {
      const bytes = onnxFile({
        nodes: [{ op: "Pad", name: "border", inputs: ["x", "pads"], outputs: ["y"] }],
        inputs: [{ name: "x", shape: [1, channels, height, width] }],
        outputs: [{ name: "y", shape: [1, channels, "h", "w"] }],
        initializers: [
          { name: "pads", dims: [8n], dataType: 7, rawData: new Uint8Array(BigInt64Array.from(pads, BigInt).buffer) },
        ],
      });
      expect(() => importOnnx(bytes)).toThrow(/node "border" \(Pad\).*: expected .*, got /);
    }
  });
});
