import { type ChipSpec, defineChip, type GivenChip } from "./chip-spec.js";

/** Converters of 8 bits at both ends. */
const converters = { dac: { bits: 8 }, adc: { bits: 8 } } as const;

/** Chips by name, as files describe them. */
export const presets: Readonly<Record<string, GivenChip>> = {
  /** Phase-change cells that hold a weight each in a pair, as in aihwkit's inference presets. */
  pcm: { device: "pcm", mapping: { weightBits: null }, ...converters, compensation: { drift: "global" } },
  /** The same with conversions of whole sums only. */
  "pcm-exact": { device: "pcm", mapping: { weightBits: null }, compensation: { drift: "global" } },
  /** Filamentary RRAM as Wan et al. measured it, 4 cells of 2 bits for each of a pair. */
  reram: { device: "reram-wan2022", ...converters },
  /** NeFT's uniform RRAM with each of its cells varying. */
  "rram1-cells": { device: "rram1", ...converters },
  /** Cells that take exactly what is written: what quantisation and converters do alone. */
  ideal: { device: "ideal", ...converters },
};

/** The presets, checked. */
export const chipPresets: ReadonlyMap<string, ChipSpec> = new Map(
  Object.entries(presets).map(([name, given]) => [name, defineChip(given, `chip ${name}`)]),
);
