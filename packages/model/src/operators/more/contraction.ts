import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { anyText } from "../../attribute-kinds.js";
import { checkedSize, type HostArray, isBig, type WritableArray } from "../../host-array.js";
import { matrixMap } from "../../maps/matrix.js";
import { defineOperator, type RunCall } from "../operator.js";
import { product } from "../product.js";
import { failMixed, type TrackCall } from "../tracks.js";
import type { WeightUse } from "../traits.js";

/**
 * The weight of an einsum that is one matrix product with it as stored: operand 1 if it can be, else operand 0. The
 * other operand's shape is not known here, so its own labels get size 2.
 */
function weightUse(shapeOf: (input: number) => readonly number[] | undefined, equation: string): WeightUse[] {
  for (const input of [1, 0] as const) {
    const shape = shapeOf(input);
    const terms = equation.replace(/\s/g, "").split("->")[0]!.split(",");
    if (shape === undefined || terms.length !== 2 || equation.includes("...")) continue;
    const sizes = new Map(Array.from(terms[input]!, (label, axis) => [label, shape[axis]!]));
    const other = Array.from(terms[1 - input]!, (label) => sizes.get(label) ?? 2);
    const plan = ops.einsumProduct(equation, input === 1 ? [other, shape] : [shape, other], input);
    if (plan === undefined) continue;
    const { layout, matrix } = plan;
    const [outputs, inputs] = layout === "oi" ? matrix : [matrix[1], matrix[0]];
    return [{ input, layout, outputs, inputs }];
  }
  return [];
}

/** The product of the data with the weight, input `weight`, of an array node. */
function weighted(call: RunCall, weight: 0 | 1, equation: string): Tensor {
  const operands = call.inputs as readonly [Tensor, Tensor];
  const shapes = operands.map(({ shape }) => shape);
  const plan = ops.einsumProduct(equation, shapes, weight);
  if (plan === undefined)
    throw new RangeError(
      `expected operands of one size for each label, got [${shapes.map((shape) => shape.join(", ")).join("] and [")}]`,
    );
  const { layout, matrix } = plan;
  const input = plan.prepare(operands[1 - weight]!);
  // ΔW follows the rows of the weight as stored.
  const asMatrix = {
    view: { apply: (whole: Tensor) => ops.reshape(whole, matrix) },
    sharedDraw: "an einsum reads it as a matrix",
  };
  const isMatrix = operands[weight].shape.length === 2;
  return plan.finish(product(call, { weight, input, map: matrixMap(layout), ...(isMatrix ? {} : asMatrix) }));
}

/** Items must have one label in all inputs that hold them, which the output keeps. */
function track({ attributes: { equation }, positions, inputs }: TrackCall<{ readonly equation: string }>) {
  const terms = ops.einsumTerms(
    equation,
    inputs.map((input) => input!.shape),
  );
  const found = positions.flatMap((position, i) => {
    if (position === undefined) return [];
    const labels = terms.inputs[i]!;
    const label = labels[position.axis]!;
    return [
      { ...position, axis: labels.filter((one) => one === label).length === 1 ? terms.output.indexOf(label) : -1 },
    ];
  });
  const [first] = found as [(typeof found)[number]];
  const isOne = found.every(
    ({ axis, outer, inner }) => axis === first.axis && outer === first.outer && inner === first.inner,
  );
  return isOne && first.axis >= 0 ? first : failMixed();
}

/** Limit on the multiplications of an einsum of integers. */
const maxProducts = 2 ** 26;

/** Sum of products of integers; those of 32 bits and fewer wrap at 32 bits, then at their width. */
function integerSum(equation: string, operands: readonly HostArray[]): HostArray {
  const [first] = operands as [HostArray];
  if (operands.some(({ dtype }) => dtype !== first.dtype))
    throw new TypeError(`expected operands of one dtype, got ${operands.map(({ dtype }) => dtype).join(", ")}`);
  const { inputs, output, sizes } = ops.einsumTerms(
    equation,
    operands.map(({ shape }) => shape),
  );
  const labels = [...output, ...[...sizes.keys()].filter((label) => !output.includes(label))];
  const dims = labels.map((label) => sizes.get(label)!);
  const shape = output.map((label) => sizes.get(label)!);
  const data = ops.zeroData(first.dtype, checkedSize(shape)) as WritableArray;
  const count = checkedSize(dims, maxProducts);
  // Distance of neighbours along each label; 0 along axes that broadcast.
  const steps = operands.map(({ shape: own }, k) => {
    const strides = ops.stridesOf(own);
    return labels.map((label) =>
      inputs[k]!.reduce((sum, one, axis) => sum + (one === label && own[axis] !== 1 ? strides[axis]! : 0), 0),
    );
  });
  const inner = ops.sizeOf(dims.slice(output.length));
  const areBig = isBig(first.dtype);
  for (let i = 0; i < count; i++) {
    let rest = i;
    const at = operands.map(() => 0);
    for (let axis = labels.length - 1; axis >= 0; axis--) {
      const index = rest % dims[axis]!;
      rest = Math.floor(rest / dims[axis]!);
      for (const k of at.keys()) at[k]! += index * steps[k]![axis]!;
    }
    const to = Math.floor(i / inner);
    const factors = operands.map(({ data: values }, k) => values[at[k]!]!);
    data[to] = areBig
      ? (data[to] as bigint) + (factors as bigint[]).reduce((a, b) => a * b, 1n)
      : ((data[to] as number) + (factors as number[]).reduce((a, b) => Math.imul(a, b), 1)) | 0;
  }
  return { dtype: first.dtype, shape, data: data as HostArray["data"] };
}

/** Sum of products by an equation such as "bij,jk->bik". One operand can be a weight on a crossbar. */
export const einsum = defineOperator({
  name: "Einsum",
  since: 12,
  inputs: [1, Number.POSITIVE_INFINITY],
  attributes: { equation: anyText({ required: true }) },
  traits: {
    products: { operands: [0, 1], uses: (shapeOf, { equation }) => weightUse(shapeOf, equation) },
    parameters: [0, 1],
    cost: ([, weight = []]) => ops.sizeOf(weight),
  },
  track,
  infer: (inputs, { equation }) => {
    const { output, sizes } = ops.einsumTerms(
      equation,
      inputs.map(({ shape }) => shape),
    );
    const [{ dtype }] = inputs as readonly [(typeof inputs)[number]];
    if (inputs.some((input) => input.dtype !== dtype))
      throw new TypeError(`expected operands of one dtype, got ${inputs.map((input) => input.dtype).join(", ")}`);
    return [{ dtype, shape: output.map((label) => sizes.get(label)!) }];
  },
  run: (inputs, { equation }, call) => {
    const weight = call.arrays[0] as 0 | 1 | undefined;
    return [weight === undefined ? ops.einsum(equation, inputs) : weighted(call, weight, equation)];
  },
  integers: (inputs, { equation }) => [integerSum(equation, inputs)],
});
