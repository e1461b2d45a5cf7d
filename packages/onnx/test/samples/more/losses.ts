import type { Attribute } from "../../onnx-file.js";
import { filled, fixed, type Sample, typed, x } from "../sample.js";

const weights = filled(fixed(4), [0.3, 1, 2, 0.5]);

export const losses: readonly Sample[] = (["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"] as const).flatMap(
  (op) => {
    const loss = (
      about: string,
      attributes: Record<string, Attribute>,
      inputs: Sample["inputs"],
      outputs = 1,
    ): Sample => ({
      op,
      about,
      from: 12,
      inputs,
      attributes,
      outputs,
    });
    return [
      loss("mean", {}, [x(3, 4), typed("i64", [1, 3, 0])]),
      loss("weights and an ignored class", { ignore_index: 2 }, [
        x(2, 4, 3),
        typed("i64", [1, 3, 0, 2, 2, 1], [2, 3]),
        weights,
      ]),
      loss("sum", { reduction: "sum" }, [x(3, 4), typed("i32", [1, 3, 0]), weights]),
      loss("none", { reduction: "none" }, [x(3, 4), typed("i64", [1, 3, 0])], op === "SoftmaxCrossEntropyLoss" ? 2 : 1),
    ];
  },
);
