import type { HostArray, HostData, Model } from "@neft/model";
import { assign } from "@neft/tensor";
import type { FreeFactors, Role } from "./follow.js";
import { elementPositions, visitRole } from "./layers.js";
import { factorOf, type Problem } from "./problem.js";

/** Position in its parameter of each element of a weight that a node reads through views; undefined without views. */
export function positionsIn(model: Model): (role: Role) => Int32Array | undefined {
  const constant = (name: string): HostArray | undefined => {
    const tensor = model.constants.get(name);
    return tensor && { dtype: tensor.dtype, shape: tensor.shape, data: tensor.values() as HostData };
  };
  return ({ weight: { parameter, views } }) =>
    elementPositions({ parameterShape: model.parameters.get(parameter)!.shape, views }, constant);
}

/** Values of parameters by name. */
export type ParameterValues = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** Values of all parameters that absorb factors. */
export function absorbingParameters(model: Model, { roles }: FreeFactors): ParameterValues {
  const names = new Set(roles.flatMap((role) => [role.weight.parameter, role.normalised?.variance ?? []].flat()));
  return new Map([...names].map((name) => [name, model.parameters.get(name)!.floats()]));
}

/**
 * Writes parameters that absorb factors, so that the network computes the same function.
 *
 * @param original  Values at factors of 1.
 */
export function applyFactors(
  model: Model,
  free: FreeFactors,
  problem: Problem,
  factors: Float64Array,
  original: ParameterValues,
): void {
  const positionsOf = positionsIn(model);
  const done = new Set<string>();
  for (const role of free.roles) {
    const { parameter } = role.weight;
    // All roles of a parameter change it alike.
    if (done.has(parameter)) continue;
    done.add(parameter);
    const own = original.get(parameter)!;
    const [up, down] = [role.up, role.down].map(({ refs }) =>
      Float64Array.from(refs, (ref) => factorOf(factors, problem.numberOf(ref))),
    ) as [Float64Array, Float64Array];
    if (up.every((factor) => factor === 1) && down.every((factor) => factor === 1)) {
      assign(model.parameters.get(parameter)!, own);
      continue;
    }
    const values = own.slice();
    const norm = role.normalised && {
      variances: original.get(role.normalised.variance)!,
      epsilon: role.normalised.epsilon,
    };
    const positions = positionsOf(role);
    visitRole(role, (start, end, i, j) => {
      const factor = up[i]! / down[j]!;
      const multiplier = role.power === 2 ? factor * factor : factor;
      for (let k = start; k < end; k++) {
        const element = positions ? positions[k]! : k;
        values[element] = own[element]! * (norm ? multiplier * normChange(norm, element, up[i]!) : multiplier);
      }
    });
    assign(model.parameters.get(parameter)!, values);
  }
}

/** For a batch normalisation's gain, y = γ(x − μ)/√(σ² + ε): with x/s and σ²/s², ε weighs s² times as much. */
function normChange(
  { variances, epsilon }: { readonly variances: Float32Array; readonly epsilon: number },
  channel: number,
  factor: number,
): number {
  const variance = variances[channel]!;
  return Math.sqrt(variance / (factor * factor) + epsilon) / Math.sqrt(variance + epsilon);
}
