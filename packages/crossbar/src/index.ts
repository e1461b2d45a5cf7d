export { digitalBackend, givenBackend, type SampleDraw, variationBackend } from "./chip/backends.js";
export { calibrate, correctChip } from "./chip/calibration.js";
export type { ChipDraw, ProgrammedCells } from "./chip/cells.js";
export { Chip, type ChipRead, type LearnedLayer } from "./chip/chip.js";
export { ChipGroup } from "./chip/chip-group.js";
export {
  type ChipSpec,
  checkAge,
  chipRows,
  defaultSigma,
  defineChip,
  digitalChip,
  type EffectSetting,
  type GivenChip,
  isDetailed,
  isMeasured,
  weightChip,
  withSigma,
} from "./chip/chip-spec.js";
export { addLayers, type Conversions, type CountsByLayer, type LayerCounts } from "./chip/layer-counts.js";
export { type LearnableLayer, learnableLayers } from "./chip/learnable.js";
export { chipPresets, presets } from "./chip/presets.js";
export { type ProgrammedModel, programAll, weightVariation } from "./chip/programmed-weight.js";
export { SharedLayers } from "./chip/shared-layers.js";
export { type LayerTargets, layerTargets } from "./chip/target-histograms.js";
export { timeInWords, timeKind } from "./chip/times.js";
export {
  type ChipAtAge,
  type ChipSettings,
  chipOf,
  chipSettings,
  chipsOf,
  readSettings,
  weightSettings,
  withChip,
} from "./chip-settings.js";
export type { CompensationSettings } from "./compensation/compensation-settings.js";
export { cellDevices } from "./device/cell-devices.js";
export { gMinOf } from "./device/conductance-range.js";
export { defineDevice, withRange } from "./device/device.js";
export { deviceFromCsv, type MeasuredDevice } from "./device/device-from-csv.js";
export { deviceFromJson } from "./device/device-from-json.js";
export { fefet2 } from "./device/devices/fefet2.js";
export { fefet6 } from "./device/devices/fefet6.js";
export { normalDevice, proportionalDevice, uniformDevice } from "./device/devices/generic.js";
export { ideal } from "./device/devices/ideal.js";
export { pcm } from "./device/devices/pcm.js";
export { pcmJoshi } from "./device/devices/pcm-joshi.js";
export { reramWan2022 } from "./device/devices/reram-wan2022.js";
export { rramMilo } from "./device/devices/rram-milo.js";
export { rramWan } from "./device/devices/rram-wan.js";
export { rram1 } from "./device/devices/rram1.js";
export { rram4 } from "./device/devices/rram4.js";
export { deviceNamed, devices } from "./device/devices.js";
export { measuredAges_s, type SigmaSettings } from "./device/programming-kinds.js";
export type {
  AgedCoefficients,
  Device,
  DeviceSpread,
  ExactProgramming,
  FittedRange,
  FlickerNoise,
  LevelProgramming,
  LogLine,
  NormalProgramming,
  PointsProgramming,
  PolynomialProgramming,
  PowerLawDrift,
  Programming,
  Source,
} from "./device/record.js";
export { type CellSigma, sigmaAt, sigmaOf, sigmaTable } from "./device/sigma.js";
export { deviceToDevice } from "./effects/device-to-device.js";
export { drift } from "./effects/drift.js";
export {
  type Cells,
  type DeviceState,
  defineEffect,
  type Effect,
  type EffectContext,
  type EffectCounts,
  type ReadEffect,
} from "./effects/effect.js";
export { applyEffects, type ChosenEffect, chooseEffects, effects } from "./effects/effects.js";
export { programming, writeVerify } from "./effects/programming.js";
export { flicker, readNoise } from "./effects/read-noise.js";
export { stuck } from "./effects/stuck.js";
export { type Arrangement, type ArrangementName, arrangementNamed, arrangements } from "./mapping/arrangement.js";
export {
  cellFactors,
  cellsPerWeight,
  type MappedWeights,
  magnitudesOf,
  mapWeights,
  recombine,
  weightSigmaFactor,
} from "./mapping/mapped-weights.js";
export { checkDivisor, type Mapping, mappingOf, mappingSettings } from "./mapping/mapping-settings.js";
export { significances, slicingFactor } from "./mapping/significance.js";
export type { WeightMatrix } from "./mapping/weight-matrix.js";
export { programmingVariation, type WeightProgramming } from "./programming.js";
export { conductanceShare, probability, relativeDeviation, standardDeviation } from "./share-kinds.js";
export type { AdcSettings, DacSettings } from "./tile/converter-settings.js";
export { type LayerPlacement, placeBlocks, placementOf } from "./tile/placement.js";
export type { Calibration, ConversionRange, LayerRanges, Ranges } from "./tile/ranges.js";
export type { TileSettings } from "./tile/tile-settings.js";
