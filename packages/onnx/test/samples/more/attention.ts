import type { Attribute } from "../../onnx-file.js";
import { fixed, type Sample, typed, x } from "../sample.js";

const sample = (
  about: string,
  inputs: Sample["inputs"],
  attributes: Record<string, Attribute>,
  more: Partial<Sample> = {},
): Sample => ({
  op: "Attention",
  about,
  from: 23,
  inputs,
  attributes,
  ...more,
});

const three = [x(2, 3, 8), x(2, 4, 8), x(2, 4, 12)];
const heads = { q_num_heads: 4, kv_num_heads: 4 };

export const attention: readonly Sample[] = [
  sample("four axes", [x(2, 3, 4, 8), x(2, 3, 6, 8), x(2, 3, 6, 5)], {}),
  sample("three axes", three, heads),
  sample("a mask", [...three, x(3, 4)], heads),
  sample("a mask of bools", [...three, typed("bool", [1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0], [3, 4])], heads),
  sample("causal, scaled, capped", [x(2, 4, 8), x(2, 4, 8), x(2, 4, 8)], {
    ...heads,
    is_causal: 1,
    scale: { float: 0.3 },
    softcap: { float: 2 },
  }),
  sample("shared keys", [x(2, 3, 8), x(2, 4, 4), x(2, 4, 4)], { q_num_heads: 4, kv_num_heads: 2 }),
  sample(
    "past keys and all outputs",
    [x(1, 2, 3, 4), x(1, 2, 2, 4), x(1, 2, 2, 4), x(3, 5), x(1, 2, 3, 4), x(1, 2, 3, 4)],
    { qk_matmul_output_mode: 3 },
    { outputs: 4 },
  ),
  ...[{}, { interleaved: 1 }, { rotary_embedding_dim: 4 }].map(
    (attributes, i): Sample => ({
      op: "RotaryEmbedding",
      about: ["positions", "interleaved", "a part"][i]!,
      from: 23,
      inputs: [
        x(2, 3, 4, 8),
        fixed(9, i === 2 ? 2 : 4),
        fixed(9, i === 2 ? 2 : 4),
        typed("i64", [0, 1, 2, 3, 8, 4, 1, 0], [2, 4]),
      ],
      attributes,
    }),
  ),
  {
    op: "RotaryEmbedding",
    about: "three axes without positions",
    from: 23,
    inputs: [x(2, 4, 16), x(2, 4, 4), x(2, 4, 4)],
    attributes: { num_heads: 2 },
  },
];
