import { shapeText } from "../shape.js";
import { type Tensor, tensor } from "../tensor.js";
import { compare } from "./finding.js";

/** Shape of what NonMaxSuppression reads. */
export interface BoxShape {
  readonly batches: number;
  readonly classes: number;
  readonly boxes: number;
}

/** Attributes of {@link selectedBoxes}. */
export interface SuppressionAttributes {
  /** Boxes are [y₁, x₁, y₂, x₂] of two opposite corners, or [x, y, width, height] of the centre. Default: "corners". */
  readonly boxFormat?: "corners" | "center";
  /** Maximum number of boxes for each class of each batch item. Default: 0, none. */
  readonly maxOutputBoxes?: number;
  /** A box is dropped when its overlap with a selected one, intersection over union, is above this. Default: 0. */
  readonly iouThreshold?: number;
  /** Boxes with a score at or below this are dropped. Default: no bound. */
  readonly scoreThreshold?: number | undefined;
}

/** Corners of a box, ordered, and its area. */
function cornersOf(boxes: ArrayLike<number>, at: number, format: "corners" | "center"): number[] {
  const [a, b, c, d] = [boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!];
  const [top, left, bottom, right] =
    format === "corners"
      ? [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)]
      : [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
  return [top!, left!, bottom!, right!, (bottom! - top!) * (right! - left!)];
}

/** Intersection over union of two boxes; 0 when one is empty. */
function overlap([top, left, bottom, right, area]: number[], [t, l, b, r, other]: number[]): number {
  const height = Math.min(bottom!, b!) - Math.max(top!, t!);
  const width = Math.min(right!, r!) - Math.max(left!, l!);
  if (!(height > 0 && width > 0)) return 0;
  const shared = height * width;
  return shared / (area! + other! - shared);
}

/**
 * NonMaxSuppression: the boxes of each class, by descending score, without those that overlap one of a higher score.
 *
 * @param boxes   [batches, boxes, 4].
 * @param scores  [batches, classes, boxes].
 * @returns triples (batch, class, box), one behind the other.
 */
export function selectedBoxes(
  boxes: ArrayLike<number>,
  scores: ArrayLike<number>,
  { batches, classes, boxes: count }: BoxShape,
  { boxFormat = "corners", maxOutputBoxes = 0, iouThreshold = 0, scoreThreshold }: SuppressionAttributes,
): number[] {
  const result: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const corners = Array.from({ length: count }, (_, i) => cornersOf(boxes, 4 * (batch * count + i), boxFormat));
    for (let one = 0; one < classes; one++) {
      const start = (batch * classes + one) * count;
      const candidates = Array.from({ length: count }, (_, i) => i)
        .filter((i) => scoreThreshold === undefined || scores[start + i]! > scoreThreshold)
        .sort((a, b) => compare(scores[start + b]!, scores[start + a]!) || a - b);
      const chosen: number[] = [];
      for (const candidate of candidates) {
        if (chosen.length >= maxOutputBoxes) break;
        if (chosen.some((other) => overlap(corners[candidate]!, corners[other]!) > iouThreshold)) continue;
        chosen.push(candidate);
      }
      for (const box of chosen) result.push(batch, one, box);
    }
  }
  return result;
}

/**
 * NonMaxSuppression, without a gradient.
 *
 * @param boxes   [batches, boxes, 4].
 * @param scores  [batches, classes, boxes].
 * @returns i64 [selected, 3]: batch, class and box.
 * @throws {RangeError} when shapes don't match.
 */
export function nonMaxSuppression(boxes: Tensor, scores: Tensor, attributes: SuppressionAttributes = {}): Tensor {
  const [batches, count, four] = boxes.shape;
  const [sameBatches, classes, sameCount] = scores.shape;
  const fits = boxes.shape.length === 3 && scores.shape.length === 3 && four === 4;
  if (!fits || batches !== sameBatches || count !== sameCount) {
    throw new RangeError(
      `nonMaxSuppression: expected boxes [batches, boxes, 4] and scores [batches, classes, boxes], got ${shapeText(boxes.shape)} and ${shapeText(scores.shape)}`,
    );
  }
  const shape = { batches: batches!, classes: classes!, boxes: count! };
  const triples = selectedBoxes(boxes.floats(), scores.floats(), shape, attributes);
  return tensor(triples, [triples.length / 3, 3], "i64");
}
