import * as ops from "@neft/tensor";
import type { KnownValue } from "../../host-array.js";
import { integersOf, type OperatorCall } from "../operator.js";
import { floatsOf } from "./inputs.js";

/** Values of the attributes of Resize. */
export interface ResizeValues {
  readonly mode: "nearest" | "linear" | "cubic";
  readonly coordinate_transformation_mode: ops.ResizeCoordinates;
  readonly nearest_mode: "round_prefer_floor" | "round_prefer_ceil" | "floor" | "ceil";
  readonly cubic_coeff_a: number;
  readonly exclude_outside: boolean;
  readonly extrapolation_value: number;
  readonly antialias: boolean;
  readonly keep_aspect_ratio_policy: "stretch" | "not_larger" | "not_smaller";
  readonly axes: readonly number[] | undefined;
  /** Round positions up on axes that shrink, and down on others, as opset 10 does. */
  readonly truncates: boolean;
}

type Inputs = Pick<OperatorCall, "inputs"> & { readonly inputs: readonly (KnownValue | undefined)[] };

/**
 * A node's resizes, one after the other.
 *
 * @param call  Inputs: x, region, scales, sizes.
 * @throws {DataDependentError} during shape inference, when the new shape depends on data.
 */
export function resizes(call: Inputs, values: ResizeValues): ops.ResizeAttributes[] {
  const given = call as unknown as OperatorCall;
  const scales = floatsOf(given, 2);
  const sizes = call.inputs[3]?.shape.includes(0) ? undefined : integersOf(given, 3);
  const isCrop = values.coordinate_transformation_mode === "tf_crop_and_resize";
  const common: ops.ResizeAttributes = {
    scales,
    sizes,
    axes: values.axes,
    mode: values.mode,
    coordinates: values.coordinate_transformation_mode,
    nearest: values.nearest_mode,
    cubicCoefficient: values.cubic_coeff_a,
    excludeOutside: values.exclude_outside,
    region: isCrop ? floatsOf(given, 1) : undefined,
    extrapolation: values.extrapolation_value,
    antialias: values.antialias,
    aspectRatio: values.keep_aspect_ratio_policy,
  };
  if (!values.truncates || values.mode !== "nearest" || scales === undefined) return [common];
  const only = (shrinks: boolean) => scales.map((scale) => (scale < 1 === shrinks ? scale : 1));
  return [
    { ...common, scales: only(false), nearest: "floor" },
    { ...common, scales: only(true), nearest: "ceil" },
  ];
}

/** The new shape of a node's resizes, and the axes that change. Unlike plans, they cost no work per element. */
export function resizedShape(call: Inputs, values: ResizeValues): { shape: readonly number[]; changed: number[] } {
  let { shape } = call.inputs[0]!;
  const changed = resizes(call, values).flatMap((attributes) => {
    const axes = ops.resizeAxes(shape, attributes);
    shape = ops.resizeShape(shape, attributes);
    return axes;
  });
  return { shape, changed };
}

/** Plans of a node's resizes, from the shape of x on. */
export function plansOf(call: Inputs, values: ResizeValues): ops.ResizePlan[] {
  let shape = call.inputs[0]!.shape;
  return resizes(call, values).map((attributes) => {
    const plan = ops.resizePlan("", shape, attributes);
    shape = plan.shape;
    return plan;
  });
}

/** The inputs and attributes of an Upsample as those of the Resize that computes the same. */
export function asResize(
  { inputs: [x, scales] }: Inputs,
  { mode }: Pick<ResizeValues, "mode">,
): [call: Inputs, values: ResizeValues] {
  const values = {
    mode,
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
    cubic_coeff_a: -0.75,
    exclude_outside: false,
    extrapolation_value: 0,
    antialias: false,
    keep_aspect_ratio_policy: "stretch",
    axes: undefined,
    truncates: true,
  } as const;
  return [{ inputs: [x, undefined, scales] }, values];
}
