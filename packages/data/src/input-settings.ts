import { defineSettings, type GivenOf, oneOf, oneOrListOf, real } from "@neft/options";

const group = "Data:";

/** How stored values become a network's inputs. */
export const inputSettings = defineSettings({
  scale: {
    kind: real({ above: 0 }),
    about: "an input is (value / scale − mean) / std",
    defaultWords: "255 for bytes, 1 for others and for models that take integers",
    group,
  },
  mean: {
    kind: oneOrListOf(real({}, "<m>"), { words: "a number or a list of numbers" }),
    about: "one, or one for each channel",
    defaultWords: "0",
    group,
  },
  std: {
    kind: oneOrListOf(real({ above: 0 }, "<s>"), { words: "a number > 0 or a list of numbers > 0" }),
    about: "one, or one for each channel",
    defaultWords: "1",
    group,
  },
  layout: {
    kind: oneOf(["NCHW", "NHWC"], "<order>"),
    about: "order of the axes of the model's image input, NCHW or NHWC",
    defaultWords: "the data's, or the other one if the input's shape takes only that",
    group,
  },
});

export type InputOptions = GivenOf<typeof inputSettings>;
