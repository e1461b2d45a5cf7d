import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { broadcastPositions } from "../integers-elementwise.js";

const flat = (x: Tensor): Tensor => ops.reshape(x, [x.size]);

/** The larger or smaller of two floats, with NumPy broadcasting; NaN if one is. The gradient goes to it, the first of equal ones. */
export function maximum(kind: "max" | "min", a: Tensor, b: Tensor): Tensor {
  const shape = ops.broadcastShapes(a.shape, b.shape);
  const [atA, atB] = [broadcastPositions(a.shape, shape), broadcastPositions(b.shape, shape)];
  const [left, right] = [a.floats(), b.floats()];
  const positions = new Int32Array(ops.sizeOf(shape));
  for (let i = 0; i < positions.length; i++) {
    const [p, q] = [atA ? atA[i]! : i, atB ? atB[i]! : i];
    const [m, n] = [left[p]!, right[q]!];
    const isSecond = !Number.isNaN(m) && (Number.isNaN(n) || (kind === "max" ? n > m : n < m));
    positions[i] = isSecond ? a.size + q : p;
  }
  return ops.takeElements(ops.concat([flat(a), flat(b)], { axis: 0 }), { shape, positions });
}
