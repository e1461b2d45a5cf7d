// Steps of programming and whole chips of the bench of programming.

const sliced = { device: "rram1", sigma: 0.1, mapping: { weightBits: 8, bitsPerCell: 2 } };
const pcm = { device: "pcm", mapping: { weightBits: null } };
const reram = { device: "reram-wan2022", mapping: { weightBits: 8, bitsPerCell: 2 } };
const day = 86_400;

/** Steps on the cells of one parameter. Without an effect, the id says which. */
export const steps = [
  { id: "map sliced", title: "mapping, pairs of 4 cells", chip: sliced },
  {
    id: "map offset",
    title: "mapping, 4 cells and an offset",
    chip: { ...sliced, mapping: { ...sliced.mapping, arrangement: "offset" } },
  },
  {
    id: "map columns",
    title: "mapping, a scale for each column",
    chip: { ...sliced, mapping: { ...sliced.mapping, scale: "column" } },
  },
  { id: "map unquantised", title: "mapping, pairs without quantisation", chip: pcm },
  { id: "recombine sliced", title: "recombination, pairs of 4 cells", chip: sliced },
  { id: "recombine unquantised", title: "recombination, pairs without quantisation", chip: pcm },
  { id: "levels", title: "programming, σ by level", chip: sliced, effect: { id: "programming" } },
  {
    id: "levels of cells",
    title: "programming, σ by level of the cell",
    chip: sliced,
    effect: { id: "programming", judged: "cell" },
  },
  { id: "polynomial", title: "programming, σ by polynomial", chip: pcm, effect: { id: "programming" } },
  {
    id: "polynomial sliced",
    title: "programming, σ by polynomial, 4 cells",
    chip: reram,
    effect: { id: "programming" },
  },
  {
    id: "proportional",
    title: "programming, σ proportional to g",
    chip: { device: "normal-proportional" },
    effect: { id: "programming" },
  },
  { id: "uniform", title: "programming, uniform errors", chip: { device: "uniform" }, effect: { id: "programming" } },
  { id: "verified", title: "write-verify", chip: sliced, effect: { id: "write-verify" } },
  {
    id: "normal gains",
    title: "device-to-device, normal",
    chip: sliced,
    effect: { id: "device-to-device", sigma: 0.1, distribution: "normal" },
  },
  {
    id: "lognormal gains",
    title: "device-to-device, lognormal",
    chip: sliced,
    effect: { id: "device-to-device", sigma: 0.1, distribution: "lognormal" },
  },
  { id: "stuck", title: "stuck cells", chip: sliced, effect: { id: "stuck", pStuckOn: 0.01, pStuckOff: 0.01 } },
  { id: "drift", title: "drift", chip: pcm, effect: { id: "drift" }, time_s: day },
  { id: "flicker", title: "1/f noise", chip: pcm, effect: { id: "flicker", redraw: "chip" }, time_s: day },
  { id: "read noise", title: "read noise", chip: sliced, effect: { id: "read-noise" } },
];

/** Networks whose chips are programmed. Without a file: random weights. */
export const networks = [
  { id: "mlp", title: "MLP", file: "../examples/models/mnist-mlp.onnx" },
  { id: "lenet5", title: "LeNet-5", file: "../examples/models/mnist-lenet5.onnx" },
  { id: "vgg8", title: "VGG-8" },
];

export const chips = [
  { id: "levels", title: "σ by level, pairs of 4 cells", chip: sliced },
  {
    id: "pcm",
    title: "phase-change memory after a day",
    chip: { ...pcm, effects: [{ id: "programming" }, { id: "drift" }, { id: "flicker", redraw: "chip" }] },
    time_s: day,
  },
];
