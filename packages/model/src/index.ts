export type { ArrayNode } from "./array-node.js";
export { arrayNodesOf, weightUses } from "./array-node.js";
export {
  type ArrayBackend,
  type ArrayProduct,
  type ArrayWeight,
  alongOutputs,
  computeProduct,
  computeProductEach,
  type Epilogue,
  type LinearMap,
  type LinearMapKind,
  type MapCall,
  type Reads,
  type WeightView,
  type WordLines,
  withEpilogue,
} from "./array-product.js";
export {
  type AttributeKind,
  type AttributeSchema,
  inStored,
  readAttributes,
  type StoredType,
} from "./attribute-kinds.js";
export { type FreedGraph, freeBatch, probe, probeBatch, type ShapeGraph } from "./batching.js";
export { type BoundModel, bindModel, shapeGraph } from "./binding.js";
export type {
  BatchNormOptions,
  BuilderOptions,
  ConvolutionOptions,
  DropoutOptions,
  LayerOptions,
  LeakyReluOptions,
  LinearOptions,
  PoolOptions,
  Value,
} from "./builder.js";
export { batchAxis, GraphBuilder } from "./builder.js";
export { constant } from "./constant.js";
export { digitalProducts, warningsOf, whyDigital } from "./digital.js";
export type { Observe } from "./evaluation.js";
export { ExtendedSource, type Extension, extendModel, type Insertion } from "./extension.js";
export type { Step } from "./fusion.js";
export type { AttributeValue, GraphNode, Subgraph, ValueInfo } from "./graph.js";
export { capturesOf, describeNode, listNames, producersOf, sortNodes, subgraphsOf } from "./graph.js";
export type { HostArray, HostData, KnownValue } from "./host-array.js";
export { int64Array, toNumbers } from "./host-array.js";
export { addOperators, knownOperators, type OperatorSet, operatorOf } from "./known-operators.js";
export { matrixMap } from "./maps/matrix.js";
export type { ModelParts } from "./model.js";
export { arrayNodes, Model, modelWeights, runningParameters, trainableParameters } from "./model.js";
export { coreOperators } from "./operators/core.js";
export type {
  Adaptor,
  BatchStatistics,
  Fused,
  Operator,
  RunCall,
  RunContext,
  Weight,
} from "./operators/operator.js";
export { valuesOf } from "./operators/operator.js";
export type { Scaling, ScalingCall } from "./operators/scaling.js";
export type { Flow, WeightUse } from "./operators/traits.js";
export { type BoundOutput, type BoundOutputs, bindOutputs, type InputSample } from "./output-binding.js";
export type { ModelRecord, TensorRecord } from "./record.js";
export { copyModel, modelFromRecord, modelToRecord } from "./record.js";
export type { RunOptions, RunResult } from "./run.js";
export { evaluateConstants, run } from "./run.js";
export { inferNodes, inferValues, valueShapes } from "./shapes.js";
export { applyStatistics } from "./statistics.js";
export type { SummaryRow } from "./summary.js";
export { summary, trialShapes } from "./summary.js";
export { checkFree, holdModel, modelRule } from "./use.js";
export { type Weights, weightsOf } from "./weights.js";
export type { NetworkOptions, WidthOptions } from "./zoo.js";
export { lenet5, resnet18, vgg8 } from "./zoo.js";
