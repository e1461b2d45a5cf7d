export {
  type AdamStepCall,
  type BatchNormCall,
  type BatchNormGradientCall,
  type ConvBackwardInputCall,
  type ConvBackwardWeightCall,
  type ConvertCall,
  type ConvForwardCall,
  type ConvForwardEachCall,
  type ConvShape,
  call,
  type DigitsCall,
  type DriftCellsCall,
  type FlickerCellsCall,
  type GemmCall,
  type LinearBackwardInputCall,
  type LinearForwardCall,
  type LinearShape,
  type MapCodesCall,
  type MapFractionsCall,
  type MovementCall,
  type NormShape,
  noVariation,
  type RecombineCall,
  type VariationFields,
  type VariedWeightCall,
  type WriteCellsCall,
} from "./call.js";
export {
  type Binary,
  binaryCode,
  type Reduction,
  reductionCode,
  type Scan,
  scanCode,
  type Unary,
  unaryCode,
} from "./codes.js";
export {
  type CompiledKernels,
  compileKernels,
  type InitOptions,
  initRules,
  isRelaxedAvailable,
  isSimdAvailable,
  type WasmSource,
} from "./compile.js";
export { fetched } from "./fetched.js";
export { build, compiledKernels, type Kernels, wasm } from "./instance.js";
export { init, initFrom } from "./load.js";
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
export type { Build, WasmModule } from "./section.js";
