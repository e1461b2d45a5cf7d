import * as ops from "@neft/tensor";
import { flag } from "../../attribute-kinds.js";
import { DataDependentError, defineOperator, float, integersOf } from "../operator.js";
import { failMixed } from "../tracks.js";
import { floatsOf } from "./inputs.js";

/**
 * The boxes of each class, by descending score, without those that overlap one of a higher score, as triples (batch,
 * class, box). Inputs: boxes [N, boxes, 4], scores [N, classes, boxes], and three scalars: most boxes of a class,
 * overlap, score.
 */
export const nonMaxSuppression = defineOperator({
  name: "NonMaxSuppression",
  since: 10,
  inputs: [2, 5],
  attributes: { center_point_box: flag(false) },
  traits: {},
  track: failMixed,
  infer: ([boxes, scores]) => {
    const [n, count, four] = float(boxes).shape;
    const [batches, , each] = float(scores, 1).shape;
    if (boxes.shape.length !== 3 || scores.shape.length !== 3 || four !== 4 || n !== batches || count !== each)
      throw new RangeError(
        `expected boxes [N, boxes, 4] and scores [N, classes, boxes], got [${boxes.shape.join(", ")}] and [${scores.shape.join(", ")}]`,
      );
    throw new DataDependentError("expected a number of boxes that shapes determine, got one that depends on scores");
  },
  run: ([boxes, scores], { center_point_box: isCentred }, call) => {
    const [most = 0] = integersOf(call, 2) ?? [];
    // Without a limit, or with one of 0, no box is selected.
    if (most <= 0) return [ops.tensor([], [0, 3], "i64")];
    return [
      ops.nonMaxSuppression(boxes, scores, {
        boxFormat: isCentred ? "center" : "corners",
        maxOutputBoxes: most,
        iouThreshold: floatsOf(call, 3)?.[0] ?? 0,
        scoreThreshold: floatsOf(call, 4)?.[0],
      }),
    ];
  },
  integers: null,
});
