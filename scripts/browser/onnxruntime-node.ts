// onnxruntime-node for tests in browsers: the same runtime, built to WebAssembly.
import { env } from "onnxruntime-web/wasm";

// One thread: more would need a cross-origin isolated page, and the networks of tests are small.
env.wasm.numThreads = 1;

export { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
