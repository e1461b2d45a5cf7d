import { checkAxes, windowAttributes } from "./convolution.js";
import type { NodeCall, OperatorRow, OperatorVersions } from "./row.js";
import { attributes } from "./row.js";

function pool(call: NodeCall, op: string, more: Parameters<typeof attributes>[0]) {
  const window = windowAttributes(call);
  if (window.kernel_shape === undefined) {
    throw new Error(`${call.who}: kernel_shape: expected a list of integers, got none`);
  }
  checkAxes(call, window.kernel_shape);
  return { op, inputs: call.inputs, attributes: attributes({ ...window, ...more }) };
}

function averagePool(since: number): OperatorRow {
  return {
    inputs: [1, 1],
    outputs: 1,
    limits: "one or two spatial axes",
    convert: (call) =>
      pool(call, "AveragePool", {
        count_include_pad: call.attributes.flag("count_include_pad", 0),
        ...(since >= 10 && { ceil_mode: call.attributes.flag("ceil_mode", 0) }),
        ...(since >= 19 && { dilations: call.attributes.ints("dilations", { min: 1 }) }),
      }),
  };
}

function maxPool(since: number): OperatorRow {
  return {
    inputs: [1, 1],
    outputs: since >= 8 ? 2 : 1,
    limits: "one or two spatial axes; float input; no Indices output",
    convert: (call) => {
      if (since >= 8) call.attributes.ignore("storage_order", "it orders the Indices output, which is not supported");
      return pool(call, "MaxPool", {
        ...(since >= 10 && { ceil_mode: call.attributes.flag("ceil_mode", 0) }),
        ...(since >= 10 && { dilations: call.attributes.ints("dilations", { min: 1 }) }),
      });
    },
  };
}

export const AveragePool: OperatorVersions = { 7: averagePool(7), 10: averagePool(10), 19: averagePool(19) };
export const MaxPool: OperatorVersions = { 1: maxPool(1), 8: maxPool(8), 10: maxPool(10) };

export const GlobalAveragePool: OperatorVersions = {
  1: {
    inputs: [1, 1],
    outputs: 1,
    convert: ({ inputs }) => ({ op: "GlobalAveragePool", inputs, attributes: {} }),
  },
};
