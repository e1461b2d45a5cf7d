// onnxruntime-web: WebAssembly with SIMD, one thread, in this process.

import { Model } from "@neft/model";
import { exportOnnx } from "@neft/onnx";
import * as ort from "onnxruntime-web";

export const onnxruntimeName = "onnxruntime-web (wasm, 1 thread)";

/**
 * C = A·B of [m, k] and [k, n]. Both are inputs of the network, so that neither is packed before the clock starts. One call runs
 * `copies` equal products, to amortise the cost of the call and of copying inputs and outputs.
 */
export async function onnxruntimeProduct(m, n, k, a, b, copies) {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(productModel(m, n, k, copies), {
    executionProviders: ["wasm"],
    // Common subexpression elimination would run equal products once.
    graphOptimizationLevel: "disabled",
  });
  const feeds = { a: new ort.Tensor("float32", a, [m, k]), b: new ort.Tensor("float32", b, [k, n]) };
  return {
    run: () => session.run(feeds),
    read: async () => (await session.run(feeds)).c.data,
    copies,
    close: () => session.release(),
  };
}

const typeNames = { f32: "float32", i64: "int64" };

/** One pass of a network with all optimisations. `feeds` are values by input name; `read` resolves to the outputs' elements by name. */
export async function onnxruntimeNetwork(bytes, feeds) {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
      name,
      new ort.Tensor(typeNames[dtype], data, shape),
    ]),
  );
  const elements = (results) => Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]));
  return {
    run: () => session.run(inputs),
    read: async () => elements(await session.run(inputs)),
    close: () => session.release(),
  };
}

/** An ONNX model of `copies` products of the same two inputs. */
function productModel(m, n, k, copies) {
  const names = Array.from({ length: copies }, (_, i) => (i === 0 ? "c" : `c${i}`));
  const value = (name, shape) => ({ name, dtype: "f32", shape });
  const model = new Model({
    name: "product",
    inputs: [value("a", [m, k]), value("b", [k, n])],
    outputs: [value("c", [m, n])],
    nodes: names.map((name) => ({ name, op: "MatMul", inputs: ["a", "b"], outputs: [name], attributes: {} })),
    parameters: new Map(),
    constants: new Map(),
  });
  return exportOnnx(model);
}
