// TensorFlow.js: its WebAssembly backend (SIMD, one thread) and its JavaScript backend, in this process.
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";

export { tf };
export const tfjsWasmName = "tfjs-wasm (1 thread)";
export const tfjsCpuName = "tfjs (JavaScript)";

/** Selects a backend, "wasm" or "cpu". */
export async function useTfjs(backend) {
  // Suppresses the advice to install another package.
  tf.env().set("PROD", true);
  if (backend === "wasm") {
    tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    setThreadsCount(1);
  }
  await tf.setBackend(backend);
  await tf.ready();
  if (tf.getBackend() !== backend) throw new Error(`tfjs: expected the backend ${backend}, got ${tf.getBackend()}`);
}

/** C = A·B of [m, k] and [k, n], both in the backend's memory. */
export function tfjsProduct(m, n, k, a, b) {
  const [left, right] = [tf.tensor2d(a, [m, k]), tf.tensor2d(b, [k, n])];
  return {
    run: () => tf.matMul(left, right).dispose(),
    read: () => tf.tidy(() => tf.matMul(left, right).dataSync()),
    close: () => tf.dispose([left, right]),
  };
}
