import { type HostData, type Model, run } from "@neft/model";
import { type DType, noGrad, scope, tensor } from "@neft/tensor";
import { env, InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-node";

/** A value as plain data. */
export interface Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array | HostData;
}

export type Values = Readonly<Record<string, Value>>;

const runtimeTypes = {
  f32: "float32",
  f64: "float64",
  i64: "int64",
  i32: "int32",
  i16: "int16",
  i8: "int8",
  u64: "uint64",
  u32: "uint32",
  u16: "uint16",
  u8: "uint8",
  bool: "bool",
} as const;
const ownTypes = Object.fromEntries(Object.entries(runtimeTypes).map(([own, theirs]) => [theirs, own]));

/** Largest integer attribute that the runtime reads right. Its build for browsers is a 32-bit program and wraps larger ones around. */
export const largestAttribute = env.versions.web === undefined ? Number.MAX_SAFE_INTEGER : 2 ** 31 - 1;

/** Outputs of a file in onnxruntime. */
export async function runInRuntime(bytes: Uint8Array, feeds: Values): Promise<Values> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, graphOptimizationLevel: "basic" });
  try {
    const inputs = Object.entries(feeds).map(
      ([name, { dtype, shape, data }]) =>
        [name, new RuntimeTensor(runtimeTypes[dtype], data as never, [...shape])] as const,
    );
    const results = await session.run(Object.fromEntries(inputs));
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => {
        return [name, { dtype: ownTypes[type] as DType, shape: dims, data: data as Value["data"] }];
      }),
    );
  } finally {
    await session.release();
  }
}

/** Outputs of an imported model, or other values of it. */
export function runHere(model: Model, feeds: Values, names?: readonly string[]): Values {
  return scope(() =>
    noGrad(() => {
      const inputs = Object.entries(feeds).map(([name, { dtype, shape, data }]) => [name, tensor(data, shape, dtype)]);
      const { outputs } = run(model, Object.fromEntries(inputs), names === undefined ? {} : { outputs: names });
      return Object.fromEntries(
        [...outputs].map(([name, { dtype, shape }]) => [
          name,
          { dtype, shape: [...shape], data: outputs.get(name)!.toArray() },
        ]),
      );
    }),
  );
}

/** How closely outputs must agree. */
export interface Closeness {
  /** Default: 1e-4. */
  readonly tolerance?: number;
  /** Whether the 1 is an output's largest magnitude where that is smaller, so that small outputs tell. Default: false. */
  readonly scaled?: boolean;
}

/** Describes outputs that differ by more than tolerance·max(1, |expected|); empty when all agree. */
export function differences(
  actual: Values,
  expected: Values,
  { tolerance = 1e-4, scaled = false }: Closeness = {},
): string[] {
  return Object.entries(expected).flatMap(([name, want]) => {
    const got = actual[name];
    if (got === undefined) return [`${name}: missing`];
    if (got.dtype !== want.dtype || got.shape.join() !== want.shape.join()) {
      return [`${name}: expected ${want.dtype} [${want.shape}], got ${got.dtype} [${got.shape}]`];
    }
    const unit = scaled ? Math.min(1, largest(want)) : 1;
    for (let i = 0; i < want.data.length; i++) {
      const [a, b] = [Number(got.data[i]), Number(want.data[i])];
      const close = Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(unit, Math.abs(b));
      if (!close) return [`${name}[${i}]: expected ${b}, got ${a}`];
    }
    return [];
  });
}

/** Largest magnitude of a value's finite elements; 0 without any. */
function largest({ data }: Value): number {
  let most = 0;
  for (const element of data) {
    const magnitude = Math.abs(Number(element));
    if (magnitude > most && magnitude < Number.POSITIVE_INFINITY) most = magnitude;
  }
  return most;
}
