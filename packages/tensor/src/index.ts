export { backward, isConsumed } from "./backward.js";
export { fromBytes } from "./byte-tables.js";
export {
  addCellNoise,
  type BoundedLine,
  type CellArm,
  type CellCodes,
  type CellDrift,
  type CellFlicker,
  type CellWriting,
  type CodedWeights,
  driftCells,
  flickerDeviations,
  mapCodes,
  mapFractions,
  recombineCells,
  type SigmaCurve,
  sigmaOnCurve,
  type WeightScales,
  writeCells,
} from "./cells.js";
export { type DType, dtypes, type TensorData, type TensorSource, zeroData } from "./dtype.js";
export { lastRecorded, noGrad } from "./graph.js";
export { type Access, Hold, holdAgainst } from "./hold.js";
export { clipToRootMeanSquare } from "./in-place/clipping.js";
export { addConverted, type Converter, type DigitPlace, setConverted, setDigits } from "./in-place/conversion.js";
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
export {
  type AlphaAttributes,
  celu,
  elu,
  gelu,
  geluTanh,
  type HardSigmoidAttributes,
  hardSigmoid,
  hardSwish,
  mish,
  type SeluAttributes,
  type ShrinkAttributes,
  selu,
  shrink,
  softplus,
  softsign,
  swish,
  thresholdedRelu,
} from "./operations/activations.js";
export { add, div, mul, sub } from "./operations/arithmetic.js";
export {
  type AttentionAttributes,
  type AttentionOutputs,
  attention,
  type RotaryAttributes,
  rotaryEmbedding,
} from "./operations/attention.js";
export {
  type BoxShape,
  nonMaxSuppression,
  type SuppressionAttributes,
  selectedBoxes,
} from "./operations/box-suppression.js";
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
export {
  type ArgAttributes,
  argMax,
  argMin,
  equal,
  greater,
  greaterOrEqual,
  type IsInfAttributes,
  isInf,
  isNan as isNaN,
  less,
  lessOrEqual,
} from "./operations/comparisons.js";
export { type Conv2dAttributes, conv2d, conv2dEach } from "./operations/convolution.js";
export { type CumulativeAttributes, cumProd, cumSum } from "./operations/cumulative.js";
export { type DeformConvAttributes, deformColumns, deformConv } from "./operations/deform-conv.js";
export { det } from "./operations/determinant.js";
export { type DropoutAttributes, dropout } from "./operations/dropout.js";
export {
  type EinsumProduct,
  type Equation,
  einsum,
  einsumProduct,
  einsumShape,
  einsumTerms,
} from "./operations/einsum.js";
export {
  type Elements,
  gatherElementsPositions,
  gatherNDPositions,
  type Positions,
  type ScatterReduction,
  scatterValues,
  stridedPositions,
  takeValues,
} from "./operations/element-positions.js";
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  ceil,
  cos,
  cosh,
  erf,
  floor,
  reciprocal,
  round,
  sign,
  sin,
  sinh,
  tan,
} from "./operations/elementary-functions.js";
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
export {
  nonZero,
  nonZeroIndices,
  type TopKAttributes,
  type TopKPositions,
  topK,
  topKPositions,
  type UniqueAttributes,
  type UniqueIndices,
  unique,
  uniqueIndices,
} from "./operations/finding.js";
export { type DftAttributes, dft, dftShape, type StftAttributes, stft } from "./operations/fourier.js";
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
export { eye, range, rangeLength } from "./operations/generators.js";
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
  columnMajor,
  type MaxUnpoolAttributes,
  maxPoolPositions,
  maxUnpool,
  poolShape,
  type SpatialPoolAttributes,
} from "./operations/max-positions.js";
export type { SampleAttributes, SampleMode, SamplePadding } from "./operations/neighbours.js";
export {
  type BatchNormAttributes,
  batchNorm,
  batchNormTrain,
  type ChannelStatistics,
} from "./operations/normalisation.js";
export { fmod, maximum, minimum, mod, pow, prelu } from "./operations/pairs.js";
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
  compressIndices,
  oneHotPositions,
  type ReverseSequenceAttributes,
  reverseSequencePositions,
  type TriluAttributes,
  tilePositions,
  tileShape,
  triluPositions,
} from "./operations/rearrangement-positions.js";
export type {
  RecurrentAttributes,
  RecurrentOutputs,
  RecurrentProduct,
  RecurrentWeights,
} from "./operations/recurrent.js";
export type { ActivationAttributes } from "./operations/recurrent-activations.js";
export { type GruAttributes, gru, type LstmAttributes, lstm, rnn } from "./operations/recurrent-cells.js";
export {
  type ReduceAttributes,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
} from "./operations/reductions.js";
export { type MaxRoiPoolAttributes, maxRoiPool, type RoiAlignAttributes, roiAlign } from "./operations/regions.js";
export { centerCropPad, centerPads, resize } from "./operations/resize.js";
export {
  type ResizeAttributes,
  type ResizeCoordinates,
  type ResizePlan,
  resizeAxes,
  resizePlan,
  resizeShape,
} from "./operations/resize-tables.js";
export { where } from "./operations/selection.js";
export { type MelAttributes, melWeightMatrix, signalWindow, type WindowName } from "./operations/signal-tables.js";
export { logSoftmax, type SoftmaxAttributes, softmax } from "./operations/softmax.js";
export {
  type ConvAttributes,
  type ConvTransposeAttributes,
  conv,
  convTranspose,
  convTransposeShape,
} from "./operations/spatial-convolution.js";
export {
  avgPool,
  globalLpPool,
  globalMaxPool,
  type LpPoolAttributes,
  lpPool,
  type MaxPoolIndicesAttributes,
  maxPool,
  maxPoolWithIndices,
  type SpatialAveragePoolAttributes,
} from "./operations/spatial-pools.js";
export { split } from "./operations/split.js";
export { unfold } from "./operations/unfold.js";
export { type Sigma, type Variation, varied } from "./operations/variation.js";
export { operations, type TableOperation } from "./operations.js";
export { normals, permutation, type StreamName, stream, uniforms, words } from "./random.js";
export { scope } from "./scope.js";
export {
  type CountedScores,
  entropySum,
  lossSlope,
  type ScoreCounter,
  type ScoreCounts,
  type ScoreSums,
  withScoreCounter,
} from "./scores.js";
export { axisOf, broadcastShapes, broadcastStrides, clampPosition, type Shape, sizeOf, stridesOf } from "./shape.js";
export { assign, fromTypedArray, fromWriter, full, parameter, persistent, Tensor, tensor, zeros } from "./tensor.js";
export { checkPoolPads, outputSize, type WindowAttributes, type WindowAxis, windowAxes } from "./window.js";
export { effectiveConductances, solveWires, type WiredArray } from "./wires.js";
