import { filled, fixed, type Sample, type SampleInput, typed, x } from "../sample.js";

const boxes = filled(x(1, 6, 4), [
  ...[0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9],
  ...[0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101],
]);
const scores = filled(x(1, 2, 6), [0.9, 0.75, 0.6, 0.95, 0.5, 0.3, 0.1, 0.9, 0.2, 0.8, 0.7, 0.4]);
const most: SampleInput = { ...typed("i64", [3]), fixed: true };
const float = (value: number): SampleInput => filled(fixed(1), [value]);

export const detection: readonly Sample[] = [
  {
    op: "NonMaxSuppression",
    about: "corners",
    from: 10,
    dynamic: true,
    inputs: [boxes, scores, most, float(0.5), float(0.35)],
  },
  { op: "NonMaxSuppression", about: "no limit", from: 10, dynamic: true, inputs: [boxes, scores] },
  {
    op: "NonMaxSuppression",
    about: "centres",
    from: 10,
    dynamic: true,
    inputs: [boxes, scores, most, float(0.5)],
    attributes: { center_point_box: 1 },
  },
];
