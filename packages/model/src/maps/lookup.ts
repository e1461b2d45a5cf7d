import * as ops from "@neft/tensor";
import { type LinearMapKind, mapOf, withEpilogue } from "../array-product.js";

/** Rows of a table: products with one-hot vectors. x: indices of any shape, w: [rows, size] → [… indices, size]. */
const lookup: LinearMapKind<undefined> = {
  name: "lookup",
  drawsWeights: true,
  channels: -1,
  compute: ({ x, w, epilogue, variation }) =>
    withEpilogue(ops.gather(variation ? ops.varied(w, { variation }) : w, x, { axis: 0 }), epilogue, -1),
  matrices: (w) => [w],
  reads: (x, shape) => {
    const [rows, size] = shape as [number, number];
    const values = ops.tensor([0, 1], [2]);
    return {
      // One line of the table is on in each read.
      vectors: [ops.reshape(ops.oneHot(x, values, { depth: rows }), [x.size, rows])],
      collect: ([y]) => ops.reshape(y!, [...x.shape, size]),
    };
  },
};

export const lookupMap = mapOf(lookup, undefined);
