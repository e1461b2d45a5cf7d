import * as ops from "@neft/tensor";
import type { HostArray, KnownValue } from "../../host-array.js";
import { concatElements } from "../../integers.js";
import { broadcastPositions } from "../../integers-elementwise.js";
import { defineOperator } from "../operator.js";
import { elementwise } from "../tracks.js";

/** Position of each output in the elements of x, then of y: that of x where the condition holds. */
function wherePositions(condition: HostArray, x: HostArray, y: HostArray): ops.Positions {
  const shape = whereShape([condition, x, y]);
  const [atC, atX, atY] = [condition, x, y].map((one) => broadcastPositions(one.shape, shape));
  const size = x.data.length;
  const positions = new Int32Array(ops.sizeOf(shape));
  for (let i = 0; i < positions.length; i++) {
    positions[i] = condition.data[atC ? atC[i]! : i] ? (atX ? atX[i]! : i) : size + (atY ? atY[i]! : i);
  }
  return { shape, positions };
}

const whereShape = (inputs: readonly { readonly shape: readonly number[] }[]): number[] =>
  inputs.map(({ shape }) => shape).reduce<number[]>((a, b) => ops.broadcastShapes(a, b), []);

const flatArray = (x: HostArray): HostArray => ({ ...x, shape: [x.data.length] });

/** x where the condition holds, else y, with NumPy broadcasting. */
export const where = defineOperator({
  name: "Where",
  since: 9,
  inputs: [3, 3],
  attributes: {},
  traits: { scaling: { kind: "elements", inputs: [1, 2] } },
  track: elementwise,
  infer: ([condition, x, y]): KnownValue[] => {
    if (condition.dtype !== "bool") throw new TypeError(`expected a condition of bool, got ${condition.dtype}`);
    if (x.dtype !== y.dtype) throw new TypeError(`expected operands of one dtype, got ${x.dtype} and ${y.dtype}`);
    return [{ dtype: x.dtype, shape: whereShape([condition, x, y]) }];
  },
  run: ([condition, x, y]) => [ops.where(condition, x, y)],
  integers: ([condition, x, y]) => {
    const { shape, positions } = wherePositions(condition, x, y);
    const { data, dtype } = concatElements([flatArray(x), flatArray(y)], 0);
    return [{ dtype, shape, data: ops.takeValues(data as ops.TensorData, positions) }];
  },
});
