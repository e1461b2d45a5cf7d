import { fixed, type Sample, x } from "../sample.js";

const norm = (op: string, about: string, more: Partial<Sample> & Pick<Sample, "inputs">): Sample => ({
  op,
  about,
  ...more,
});

export const groupNorms: readonly Sample[] = [
  norm("LayerNormalization", "defaults", { from: 17, inputs: [x(2, 3, 4), fixed(4), fixed(4)] }),
  norm("LayerNormalization", "statistics", {
    from: 17,
    inputs: [x(2, 3, 4), fixed(3, 4), fixed(3, 4)],
    attributes: { axis: 1, epsilon: { float: 0.1 }, stash_type: 1 },
    outputs: 3,
  }),
  norm("LayerNormalization", "no bias", { from: 17, inputs: [x(3, 5), fixed(5)] }),
  norm("RMSNormalization", "two axes", {
    from: 23,
    inputs: [x(2, 3, 4), fixed(3, 4)],
    attributes: { axis: 1, epsilon: { float: 0.1 } },
  }),
  norm("InstanceNormalization", "images", {
    inputs: [x(2, 3, 4, 5), fixed(3), fixed(3)],
    attributes: { epsilon: { float: 0.01 } },
  }),
  norm("InstanceNormalization", "rank 3", { inputs: [x(2, 3, 7), fixed(3), fixed(3)] }),
  norm("GroupNormalization", "vectors of groups", {
    from: 18,
    to: 20,
    inputs: [x(2, 6, 3, 4), fixed(2), fixed(2)],
    attributes: { num_groups: 2, epsilon: { float: 0.01 } },
  }),
  norm("GroupNormalization", "vectors of channels", {
    from: 21,
    inputs: [x(2, 6, 3, 4), fixed(6), fixed(6)],
    attributes: { num_groups: 3 },
  }),
  norm("MeanVarianceNormalization", "default axes", { from: 9, inputs: [x(2, 3, 4, 5)] }),
  norm("MeanVarianceNormalization", "axes", { from: 9, inputs: [x(2, 3, 4, 5)], attributes: { axes: [2, 3] } }),
  norm("LpNormalization", "p 2", { inputs: [x(2, 3, 4)] }),
  norm("LpNormalization", "p 1", { inputs: [x(2, 3, 4)], attributes: { axis: 1, p: 1 } }),
  norm("Hardmax", "default axis", { inputs: [x(2, 3, 4)] }),
  norm("Hardmax", "axis 0", { inputs: [x(2, 3, 4)], attributes: { axis: 0 } }),
];
