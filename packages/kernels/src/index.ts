export { type Binary, binaryCode, type Reduction, reductionCode, type Unary, unaryCode } from "./codes.js";
export { type Build, build, type InitOptions, init, isRelaxedAvailable, type Kernels, wasm } from "./load.js";
export {
  allocate,
  f32,
  f64,
  i32,
  type MemoryUse,
  memoryUse,
  release,
  resetPeak,
  u8,
  u32,
  withBlocks,
} from "./memory.js";
