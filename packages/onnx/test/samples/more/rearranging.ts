import { ints, type Sample, typed, x } from "../sample.js";

const numbered = (dtype: "i32" | "i64", ...shape: number[]) =>
  typed(
    dtype,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  );

export const rearranging: readonly Sample[] = [
  { op: "ReverseSequence", about: "time first", from: 10, inputs: [x(4, 3, 2), ints(4, 1, 2)] },
  {
    op: "ReverseSequence",
    about: "batch first",
    from: 10,
    inputs: [x(3, 4), ints(2, 0, 4)],
    attributes: { batch_axis: 0, time_axis: 1 },
  },
  { op: "DepthToSpace", about: "blocks first", inputs: [x(1, 8, 2, 3)], attributes: { blocksize: 2 } },
  {
    op: "DepthToSpace",
    about: "channels first",
    from: 11,
    inputs: [x(1, 8, 2, 3)],
    attributes: { blocksize: 2, mode: "CRD" },
  },
  { op: "SpaceToDepth", about: "floats", inputs: [x(2, 2, 4, 6)], attributes: { blocksize: 2 } },
  { op: "CenterCropPad", about: "crop and pad", from: 18, inputs: [x(5, 4, 2), ints(3, 7, 2)] },
  { op: "CenterCropPad", about: "axes", from: 18, inputs: [x(4, 5, 3), ints(2, 6)], attributes: { axes: [1, -1] } },
  { op: "CenterCropPad", about: "int64", from: 18, inputs: [numbered("i64", 3, 4), ints(5, 3)] },
];
