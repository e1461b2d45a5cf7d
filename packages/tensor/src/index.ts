export { backward } from "./backward.js";
export { fromBytes } from "./byte-tables.js";
export { type DType, dtypes, type TensorData, type TensorSource, zeroData } from "./dtype.js";
export { lastRecorded, noGrad } from "./graph.js";
export { type Access, Hold, holdAgainst } from "./hold.js";
export { clipToRootMeanSquare } from "./in-place/clipping.js";
export {
  type AdamOperands,
  type AdamStepSettings,
  adamStep,
  type SgdOperands,
  type SgdStepSettings,
  sgdStep,
} from "./in-place/optimiser-steps.js";
export { addScaled, setScaled } from "./in-place/scaled-sums.js";
export { setVaried } from "./in-place/varied-weight.js";
export { inPlaceUpdates } from "./in-place.js";
export { maxAbs } from "./max-abs.js";
export {
  type AnyRow,
  type BackwardContext,
  defineOp,
  type ExampleCall,
  type ExampleInput,
  type GradientRule,
  type GradientRules,
  type GradientTerm,
  type Inputs,
  type Operation,
  type Row,
  type SharedRules,
  type VariadicGradientRule,
} from "./operation.js";
export { add, div, mul, sub } from "./operations/arithmetic.js";
export {
  type AttentionAttributes,
  type AttentionOutputs,
  attention,
  type RotaryAttributes,
  rotaryEmbedding,
} from "./operations/attention.js";
export {
  type BlockOrder,
  type Col2ImAttributes,
  col2im,
  depthToSpace,
  depthToSpacePlan,
  type LrnAttributes,
  lrn,
  type Rearrangement,
  spaceToDepth,
  spaceToDepthPlan,
} from "./operations/channel-blocks.js";
export { type Conv2dAttributes, conv2d, conv2dEach } from "./operations/convolution.js";
export { type DeformConvAttributes, deformConv } from "./operations/deform-conv.js";
export { det } from "./operations/determinant.js";
export { type DropoutAttributes, dropout } from "./operations/dropout.js";
export { type EinsumProduct, einsum, einsumProduct } from "./operations/einsum.js";
export {
  compressIndices,
  gatherElementsPositions,
  gatherNDPositions,
  type IndexList,
  oneHotPositions,
  type Positions,
  permutedPositions,
  type ReverseSequenceAttributes,
  reverseSequencePositions,
  type ScatterReduction,
  scatterValues,
  stridedPositions,
  type TopKAttributes,
  type TopKPositions,
  type TriluAttributes,
  takeValues,
  tilePositions,
  topKPositions,
  triluPositions,
} from "./operations/element-positions.js";
export { putElements, takeElements } from "./operations/elements.js";
export {
  abs,
  type ClipAttributes,
  clip,
  exp,
  type LeakyReluAttributes,
  leakyRelu,
  log,
  neg,
  relu,
  scale,
  shift,
  sigmoid,
  sqrt,
  square,
  tanh,
} from "./operations/elementwise.js";
export { type DftAttributes, dft, type StftAttributes, stft } from "./operations/fourier.js";
export {
  compress,
  gatherElements,
  gatherND,
  type OneHotAttributes,
  oneHot,
  reverseSequence,
  type ScatterElementsAttributes,
  type ScatterNDAttributes,
  scatterElements,
  scatterND,
  tile,
  trilu,
} from "./operations/gather-scatter.js";
export { affineGrid, gridSample } from "./operations/grid-sample.js";
export {
  type GroupNormalizationAttributes,
  groupNormalization,
  instanceNormalization,
  type LayerNormalizationAttributes,
  layerNormalization,
  layerStatistics,
  meanVarianceNormalization,
  rmsNormalization,
} from "./operations/group-statistics.js";
export {
  concat,
  gather,
  type PadAttributes,
  pad,
  type SliceAttributes,
  type SliceRange,
  slice,
  sliceRange,
} from "./operations/indexing.js";
export { expand, reshape, transpose } from "./operations/layout.js";
export {
  type LikelihoodLossAttributes,
  negativeLogLikelihoodLoss,
  softmaxCrossEntropyLoss,
} from "./operations/likelihood-loss.js";
export { crossEntropy } from "./operations/loss.js";
export { type LpNormalizationAttributes, lpNormalization } from "./operations/lp-normalisation.js";
export {
  type BatchNormAttributes,
  batchNorm,
  batchNormTrain,
  type ChannelStatistics,
} from "./operations/normalisation.js";
export type { SampleAttributes, SampleMode, SamplePadding } from "./operations/point-taps.js";
export {
  type AdaptivePoolAttributes,
  type AveragePoolAttributes,
  adaptiveAvgPool2d,
  avgPool2d,
  globalAvgPool,
  type MaxPoolAttributes,
  maxPool2d,
  type PoolAttributes,
} from "./operations/pooling.js";
export { type LinearAttributes, linear, matmul } from "./operations/products.js";
export {
  type GruAttributes,
  gru,
  type LstmAttributes,
  lstm,
  type RecurrentAttributes,
  type RecurrentOutputs,
  type RecurrentProduct,
  type RecurrentWeights,
  rnn,
} from "./operations/recurrent.js";
export type { ActivationAttributes } from "./operations/recurrent-activations.js";
export { type ReduceAttributes, reduceMax, reduceMean, reduceSum } from "./operations/reductions.js";
export { type MaxRoiPoolAttributes, maxRoiPool, type RoiAlignAttributes, roiAlign } from "./operations/regions.js";
export { centerCropPad, centerPads, resize } from "./operations/resize.js";
export {
  type ResizeAttributes,
  type ResizeCoordinates,
  type ResizePlan,
  resizePlan,
} from "./operations/resize-tables.js";
export {
  type BoxShape,
  eye,
  nonMaxSuppression,
  nonZero,
  nonZeroIndices,
  range,
  rangeLength,
  type SuppressionAttributes,
  selectedBoxes,
  topK,
  type UniqueAttributes,
  type UniqueIndices,
  unique,
  uniqueIndices,
} from "./operations/selection.js";
export { type MelAttributes, melWeightMatrix, signalWindow, type WindowName } from "./operations/signal-tables.js";
export { logSoftmax, type SoftmaxAttributes, softmax } from "./operations/softmax.js";
export {
  type ConvAttributes,
  type ConvTransposeAttributes,
  conv,
  convTranspose,
} from "./operations/spatial-convolution.js";
export {
  avgPool,
  columnMajor,
  globalLpPool,
  globalMaxPool,
  type LpPoolAttributes,
  lpPool,
  type MaxPoolIndicesAttributes,
  type MaxUnpoolAttributes,
  maxPool,
  maxPoolPositions,
  maxPoolWithIndices,
  maxUnpool,
  type SpatialAveragePoolAttributes,
  type SpatialPoolAttributes,
} from "./operations/spatial-pools.js";
export { split } from "./operations/split.js";
export { type Variation, varied } from "./operations/variation.js";
export { operations, type TableOperation } from "./operations.js";
export { normals, permutation, type StreamName, stream, uniforms, words } from "./random.js";
export { scope } from "./scope.js";
export { entropySum, type ScoreCounter, type ScoreCounts, withScoreCounter } from "./scores.js";
export { axisOf, broadcastShapes, broadcastStrides, clampPosition, type Shape, sizeOf, stridesOf } from "./shape.js";
export { assign, fromWriter, full, parameter, persistent, Tensor, tensor, zeros } from "./tensor.js";
export { checkPoolPads, outputSize, type WindowAttributes, type WindowAxis, windowAxes } from "./window.js";
