import { f32 } from "@neft/kernels";
import { kinds } from "@neft/options";
import { type Arena, currentArena } from "./arena.js";
import { convertData, type DType, dtypes, safeNumber, type TensorData, type TensorSource, zeroData } from "./dtype.js";
import type { GraphNode } from "./graph.js";
import type { Hold } from "./hold.js";
import { checkShape, type Shape, shapeText, sizeOf } from "./shape.js";
import { Storage } from "./storage.js";

/**
 * An array of numbers of one type. f32 lives in the kernels' memory; other types are typed arrays.
 *
 * A tensor made inside a scope lives until the scope ends; parameters and tensors made outside every scope live until
 * they are disposed. Reading one that is gone is an error.
 */
export class Tensor {
  /** Sizes along the axes; [] for a scalar. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** Whether gradients flow to it: a parameter, or computed from one. */
  readonly requiresGrad: boolean;
  /** @internal */ storage: Storage | undefined;
  /** @internal */ data: TensorData | undefined;
  /** @internal The step of the graph that made it. */ node: GraphNode | undefined;
  /** @internal */ owner: Arena | undefined;
  /** @internal Why it can't be read any more. */ gone: string | undefined;
  /** @internal Calls that use it over several turns of the event loop. */ holds: Set<Hold> | undefined;

  /** @internal */
  constructor(shape: Shape, dtype: DType, content: Storage | TensorData | undefined, requiresGrad = false) {
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.requiresGrad = requiresGrad;
    this.storage = content instanceof Storage ? content : undefined;
    this.data = content instanceof Storage ? undefined : content;
    this.node = undefined;
    this.owner = undefined;
    this.gone = undefined;
    this.holds = undefined;
  }

  /** Address of the elements in the kernels' memory. @throws {Error} when it is gone or not f32. */
  get ptr(): number {
    const { storage } = this;
    if (storage === undefined) {
      this.check("ptr");
      throw new Error(`ptr: expected an f32 tensor, got ${this.dtype} ${shapeText(this.shape)}`);
    }
    return storage.address;
  }

  /** A copy of the elements. @throws {Error} when it is gone. */
  toArray(): TensorData {
    this.check("toArray");
    return this.storage === undefined ? this.data!.slice() : f32(this.storage.address, this.size).slice();
  }

  /** The elements: a copy for f32, the live array for other types. @throws {Error} when it is gone. */
  values(): TensorData {
    this.check("values");
    return this.storage === undefined ? this.data! : f32(this.storage.address, this.size).slice();
  }

  /** A copy of the elements of an f32 tensor. @throws {Error} when it is gone or of another type. */
  floats(): Float32Array<ArrayBuffer> {
    return f32(this.ptr, this.size).slice();
  }

  /** Copies the elements of an f32 tensor to an array of its size. @throws {RangeError} for an array of another size. */
  copyTo(target: Float32Array): void {
    if (target.length !== this.size) {
      throw new RangeError(`copyTo: expected room for ${this.size} values, got ${target.length}`);
    }
    target.set(f32(this.ptr, this.size));
  }

  /** The elements as numbers. @throws {RangeError} when a 64-bit integer doesn't fit one exactly. */
  numbers(): number[] {
    return Array.from<number | bigint, number>(this.values(), (v) =>
      typeof v === "bigint" ? safeNumber("numbers", v) : v,
    );
  }

  /** The only element. @throws {Error} when there isn't exactly one. */
  item(): number {
    this.check("item");
    if (this.size !== 1) throw new Error(`item: expected one element, got a tensor of shape ${shapeText(this.shape)}`);
    if (this.storage !== undefined) return f32(this.storage.address, 1)[0]!;
    const value = this.data![0]!;
    return typeof value === "bigint" ? safeNumber("item", value) : value;
  }

  /**
   * Frees it now. What a pending backward needs of it stays until then. Doing so twice is harmless.
   *
   * Scopes make this unnecessary in loops; executors that know a value's last use save memory with it.
   * @throws {Error} while a call like a finetuning uses it.
   */
  dispose(): void {
    for (const { by } of this.holds ?? []) {
      throw new Error(`dispose: expected a tensor that nobody uses, got one that ${by} uses; await that first`);
    }
    this.owner?.owned.delete(this);
    this.owner = undefined;
    this.free("one that was disposed");
  }

  /** @internal */
  free(reason: string): void {
    if (this.gone !== undefined) return;
    this.gone = reason;
    this.storage?.release();
    this.storage = undefined;
    this.data = undefined;
    this.node?.release();
  }

  /** @internal @throws {Error} when it is gone. */
  check(who: string): void {
    if (this.gone !== undefined) {
      throw new Error(`${who}: expected a live tensor, got ${this.gone} (${this.dtype} ${shapeText(this.shape)})`);
    }
  }
}

/** @internal Hands a new tensor to the current scope. */
export function owned(tensor: Tensor): Tensor {
  currentArena()?.add(tensor);
  return tensor;
}

/** @internal An f32 tensor with arbitrary content, owned by nobody. */
export function loose(shape: Shape, requiresGrad = false): Tensor {
  return new Tensor(shape, "f32", new Storage(4 * sizeOf(shape)), requiresGrad);
}

/** @internal An f32 tensor with arbitrary content in the current scope: for kernels that write all of it. */
export function empty(shape: Shape): Tensor {
  return owned(loose(shape));
}

/** @internal A second tensor on the same elements, owned by nobody. */
export function alias(tensor: Tensor, shape = tensor.shape, requiresGrad = false): Tensor {
  tensor.check("alias");
  return new Tensor(shape, tensor.dtype, tensor.storage?.retain() ?? tensor.data, requiresGrad);
}

function filled(who: string, source: TensorSource, shape: Shape, dtype: DType, requiresGrad: boolean): Tensor {
  checkShape(who, shape);
  if (source.length !== sizeOf(shape)) {
    throw new RangeError(
      `${who}: expected ${sizeOf(shape)} values for shape ${shapeText(shape)}, got ${source.length}`,
    );
  }
  const frozen = Object.freeze([...shape]);
  if (dtype !== "f32") return new Tensor(frozen, dtype, convertData(who, source, dtype));
  if (typeof source[0] === "bigint") throw new TypeError(`${who}: expected numbers for f32, got big integers`);
  const result = loose(frozen, requiresGrad);
  f32(result.ptr, result.size).set(source as ArrayLike<number>);
  return result;
}

/**
 * A constant in the current scope, with a copy of `data` in row-major order.
 *
 * @throws {RangeError} when the length doesn't match the shape, or a value doesn't fit an integer type.
 */
export function tensor(data: TensorSource, shape: Shape, dtype: DType = "f32"): Tensor {
  kinds.numberList(data, "tensor: data");
  kinds.shape(shape, "tensor: shape");
  kinds.oneOf(...dtypes)(dtype, "tensor: dtype");
  return owned(filled("tensor", data, shape, dtype, false));
}

/**
 * An f32 constant in the current scope.
 *
 * @param write  Writes all elements in row-major order, to a view of the kernels' memory that is valid until more memory is
 *   allocated: it must make no tensors.
 */
export function written(shape: Shape, write: (values: Float32Array) => void): Tensor {
  checkShape("written", shape);
  const result = empty(Object.freeze([...shape]));
  write(f32(result.ptr, result.size));
  return result;
}

/** A constant outside all scopes: it lives until disposed. */
export function persistent(data: TensorSource, shape: Shape, dtype: DType = "f32"): Tensor {
  return filled("persistent", data, shape, dtype, false);
}

/** A trainable f32 tensor outside all scopes: gradients flow to it, and it lives until disposed. */
export function parameter(data: ArrayLike<number>, shape: Shape): Tensor {
  return filled("parameter", data, shape, "f32", true);
}

/** Zeros in the current scope. */
export function zeros(shape: Shape, dtype: DType = "f32"): Tensor {
  checkShape("zeros", shape);
  if (dtype === "f32") return full(shape, 0);
  return owned(new Tensor(Object.freeze([...shape]), dtype, zeroData(dtype, sizeOf(shape))));
}

/** An f32 tensor with all elements equal, in the current scope. */
export function full(shape: Shape, value: number): Tensor {
  checkShape("full", shape);
  const result = empty(Object.freeze([...shape]));
  f32(result.ptr, result.size).fill(value);
  return result;
}

/**
 * Overwrites the elements of a tensor that no operation made: a parameter or a constant.
 *
 * @throws {Error} for an operation's result, whose gradients would go wrong, for a tensor that a call reads meanwhile, and for a
 *   wrong length.
 */
export function assign(target: Tensor, data: TensorSource): void {
  target.check("assign");
  for (const { access, by } of target.holds ?? []) {
    if (access === "read")
      throw new Error(`assign: expected a tensor that nobody reads, got one that ${by} reads; await that first`);
  }
  if (target.node !== undefined)
    throw new Error("assign: expected a parameter or a constant, got an operation's result");
  if (data.length !== target.size) {
    throw new RangeError(`assign: expected ${target.size} values for ${shapeText(target.shape)}, got ${data.length}`);
  }
  const content = convertData("assign", data, target.dtype);
  if (target.storage !== undefined) f32(target.ptr, target.size).set(content as Float32Array);
  else (target.data as Int32Array).set(content as Int32Array);
}
