import { real } from "@neft/options";
import { setScaled } from "@neft/tensor";
import { defineModifier } from "../modifier.js";
import { norm } from "../norm.js";

/** Scales the gradients of a step so that their Euclidean length, of all trained values together, is at most a limit. */
export const clipGradients = defineModifier({
  id: "clipGradients",
  summary: "scale each step's gradients to a global norm of at most x",
  source: "Pascanu, Mikolov & Bengio, On the difficulty of training recurrent neural networks, ICML 2013",
  cost: "none",
  settings: {
    clipGradients: {
      kind: real({ above: 0 }),
      about: "scale the gradients of a step to a Euclidean length of at most x, all together",
      group: "Training:",
    },
  },
  start: (_, { clipGradients: limit }) => ({
    beforeUpdate: (gradients) => {
      const length = norm(gradients.map((one) => one.floats()));
      if (!(length > limit!)) return;
      for (const gradient of gradients) setScaled(gradient, gradient, limit! / length);
    },
  }),
});
