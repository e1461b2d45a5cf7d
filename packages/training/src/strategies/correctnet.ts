import {
  add,
  crossEntropy,
  matmul,
  reduceSumSquare,
  reshape,
  scale,
  sub,
  type Tensor,
  tensor,
  transpose,
} from "@neft/tensor";
import { defineStrategy, type TrainedWeight } from "../strategy.js";

/**
 * Noise injection with CorrectNet's penalty, which keeps layers from amplifying errors: λ·Σ ‖WᵀW − I‖² over the weights on crossbars, as
 * matrices of one row for each first index. The error compensation of the paper isn't part of it, and its Lipschitz constants of layers
 * are 1.
 */
export const correctnet = defineStrategy({
  id: "correctnet",
  summary: "noise injection with a penalty on weights whose columns aren't orthonormal",
  source: "Eldebiky et al., CorrectNet, DATE 2023, arXiv 2211.14917",
  defaults: { penalty: 5e-4 },
  cost: () => ({ forward: 1, backward: 1 }),
  loss: ({ forward, sigma, labels, weights }, { penalty }) => {
    const task = crossEntropy(forward({ sigma, draw: 0 }).logits, labels);
    const terms = weights.filter(isMatrix).map(({ tensor }) => orthogonality(tensor));
    return terms.length === 0 ? task : add(task, scale(terms.reduce(add), penalty));
  },
});

const isMatrix = ({ onCrossbar, tensor: { shape } }: TrainedWeight): boolean => onCrossbar && shape.length > 1;

/**
 * ‖WᵀW − I‖², up to a constant: of the two products of W with itself the smaller one, which differs by the difference of the two
 * numbers of rows. Gradients are the same.
 */
export function orthogonality(weight: Tensor): Tensor {
  const rows = weight.shape[0]!;
  const columns = weight.size / rows;
  const matrix = reshape(weight, [rows, columns]);
  const flipped = transpose(matrix, { perm: [1, 0] });
  const product = rows < columns ? matmul(matrix, flipped) : matmul(flipped, matrix);
  const [size] = product.shape as readonly [number];
  const identity = new Float32Array(size * size);
  for (let i = 0; i < size; i++) identity[i * size + i] = 1;
  return reduceSumSquare(sub(product, tensor(identity, [size, size])));
}
