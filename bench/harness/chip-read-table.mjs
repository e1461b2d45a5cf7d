// Chips of the bench of full reads.

/** 8-bit converters, all bits of an input at once, 4 slices, tiles of 256 × 256, pairs subtracted before the converter, no read noise. */
const full = {
  device: "rram1",
  sigma: 0.1,
  mapping: { weightBits: 8, bitsPerCell: 2 },
  tile: { rows: 256, columns: 256, subtract: "analog" },
  dac: { bits: 8 },
  adc: { bits: 8 },
};
const { dac, adc, ...exact } = full;

/** The chip with a goal, and at most how many digital passes its read takes. */
export const goal = { id: "full", ratio: 8 };

export const chipRows = [
  { id: "full", title: "8-bit converters, 4 slices", chip: full },
  { id: "no-dac", title: "no converters of inputs", chip: { ...exact, adc } },
  { id: "no-adc", title: "no converters of sums", chip: { ...exact, dac } },
  { id: "exact", title: "no converters", chip: exact },
  {
    id: "digital-pairs",
    title: "pairs subtracted digitally",
    chip: { ...full, tile: { ...full.tile, subtract: "digital" } },
  },
  { id: "serial", title: "inputs bit by bit", chip: { ...full, dac: { bits: 8, serial: true } } },
  { id: "unsliced", title: "one cell of 8 bits", chip: { ...full, mapping: { weightBits: 8, bitsPerCell: 8 } } },
  {
    id: "offset",
    title: "offsets in place of pairs",
    chip: { ...full, mapping: { ...full.mapping, arrangement: "offset" } },
  },
  { id: "small", title: "tiles of 64 × 64", chip: { ...full, tile: { ...full.tile, rows: 64, columns: 64 } } },
  {
    id: "noise",
    title: "read noise of 1 %",
    chip: { ...full, effects: [{ id: "programming" }, { id: "read-noise", sigma: 0.01 }] },
  },
];
