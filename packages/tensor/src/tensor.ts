import { f32 } from "@neft/kernels";
import { kinds } from "@neft/options";
import { type Arena, currentArena } from "./arena.js";
import {
  convertData,
  type DType,
  dtypes,
  isStoredAs,
  safeNumber,
  type TensorData,
  type TensorSource,
  zeroData,
} from "./dtype.js";
import type { AutogradNode } from "./graph.js";
import type { Hold } from "./hold.js";
import { checkShape, type Shape, shapeText, sizeOf } from "./shape.js";
import { Storage } from "./storage.js";

/**
 * An n-dimensional array of one element type, in row-major order. f32 elements are stored in WebAssembly memory, others in typed arrays.
 *
 * A tensor made inside a scope lives until the scope ends. Parameters and tensors made outside all scopes live until disposed.
 * Reading a freed tensor is an error.
 */
export class Tensor {
  /** Sizes along the axes; [] for a scalar. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** Whether it is a parameter or computed from one while recording. */
  readonly requiresGrad: boolean;
  /** @internal Elements of an f32 tensor. */ storage: Storage | undefined;
  /** @internal Elements of another type. */ data: TensorData | undefined;
  /** @internal The recorded operation that computed it. */ node: AutogradNode | undefined;
  /** @internal The scope that frees it. */ owner: Arena | undefined;
  /** @internal Set when it can't be read: a description for errors. */ invalidReason: string | undefined;
  /** @internal Asynchronous calls that use it. */ holds: Set<Hold> | undefined;

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
    this.invalidReason = undefined;
    this.holds = undefined;
  }

  /** Address of the elements in WebAssembly memory, in bytes. @throws {Error} when the tensor is freed or not f32. */
  get ptr(): number {
    const { storage } = this;
    if (storage === undefined) {
      this.check("ptr");
      throw new Error(`ptr: expected an f32 tensor, got ${this.dtype} ${shapeText(this.shape)}`);
    }
    return storage.address;
  }

  /** Copies the elements to a new typed array. @throws {Error} when the tensor is freed. */
  toArray(): TensorData {
    this.check("toArray");
    return this.storage === undefined ? this.data!.slice() : f32(this.storage.address, this.size).slice();
  }

  /** The elements: a copy for f32, the tensor's own array for other types. @throws {Error} when the tensor is freed. */
  values(): TensorData {
    this.check("values");
    return this.storage === undefined ? this.data! : f32(this.storage.address, this.size).slice();
  }

  /** Copies the elements of an f32 tensor to a new array. @throws {Error} when the tensor is freed or not f32. */
  floats(): Float32Array<ArrayBuffer> {
    return f32(this.ptr, this.size).slice();
  }

  /**
   * Copies the elements of an f32 tensor to `target`.
   *
   * @throws {RangeError} when the length of `target` isn't the tensor's size.
   * @throws {Error} when the tensor is freed or not f32.
   */
  copyTo(target: Float32Array): void {
    if (target.length !== this.size) {
      throw new RangeError(`copyTo: expected an array of length ${this.size}, got ${target.length}`);
    }
    target.set(f32(this.ptr, this.size));
  }

  /** The elements as a list of numbers. @throws {RangeError} for a 64-bit integer beyond ±(2⁵³ − 1). */
  numbers(): number[] {
    return Array.from<number | bigint, number>(this.values(), (v) =>
      typeof v === "bigint" ? safeNumber("numbers", v) : v,
    );
  }

  /** The element of a tensor of size 1. @throws {Error} when the size isn't 1. */
  item(): number {
    this.check("item");
    if (this.size !== 1) throw new Error(`item: expected one element, got a tensor of shape ${shapeText(this.shape)}`);
    if (this.storage !== undefined) return f32(this.storage.address, 1)[0]!;
    const value = this.data![0]!;
    return typeof value === "bigint" ? safeNumber("item", value) : value;
  }

  /**
   * Frees the tensor before its scope ends. A pending backward pass keeps the elements it needs. A second call does nothing.
   *
   * @throws {Error} while an asynchronous call, such as finetune, uses the tensor.
   */
  dispose(): void {
    for (const { by } of this.holds ?? []) {
      throw new Error(`dispose: expected a tensor that no call uses, got one that ${by} uses; await that first`);
    }
    this.owner?.owned.delete(this);
    this.owner = undefined;
    this.free("one that was disposed");
  }

  /** @internal Drops its references to elements and node. @param reason  Describes the tensor in later errors. */
  free(reason: string): void {
    if (this.invalidReason !== undefined) return;
    this.invalidReason = reason;
    this.storage?.release();
    this.storage = undefined;
    this.data = undefined;
    this.node?.release();
  }

  /** @internal @throws {Error} when the tensor can't be read. */
  check(who: string): void {
    if (this.invalidReason !== undefined) {
      throw new Error(
        `${who}: expected a live tensor, got ${this.invalidReason} (${this.dtype} ${shapeText(this.shape)})`,
      );
    }
  }
}

/** @internal Makes the current scope, if any, the owner of a new tensor. */
export function addToScope(tensor: Tensor): Tensor {
  currentArena()?.add(tensor);
  return tensor;
}

/** @internal Makes an uninitialised f32 tensor that no scope owns. */
export function emptyUnowned(shape: Shape, requiresGrad = false): Tensor {
  return new Tensor(shape, "f32", new Storage(4 * sizeOf(shape)), requiresGrad);
}

/** @internal Makes an uninitialised f32 tensor in the current scope, for kernels that write every element. */
export function empty(shape: Shape): Tensor {
  return addToScope(emptyUnowned(shape));
}

/** @internal Makes a tensor that shares the elements of another. No scope owns it. */
export function alias(tensor: Tensor, shape = tensor.shape, requiresGrad = false): Tensor {
  tensor.check("alias");
  return new Tensor(shape, tensor.dtype, tensor.storage?.retain() ?? tensor.data, requiresGrad);
}

const checkDType = kinds.oneOf(...dtypes);

/** @throws {RangeError} unless there is one element for each place of a shape. */
function checkContent(who: string, source: TensorSource, shape: Shape): void {
  checkShape(who, shape);
  if (source.length === sizeOf(shape)) return;
  throw new RangeError(`${who}: expected ${sizeOf(shape)} values for shape ${shapeText(shape)}, got ${source.length}`);
}

/** Makes a tensor with a copy of `source` that no scope owns. @throws as {@link tensor}. */
function fromData(who: string, source: TensorSource, shape: Shape, dtype: DType, requiresGrad: boolean): Tensor {
  checkContent(who, source, shape);
  const frozen = Object.freeze([...shape]);
  if (dtype !== "f32") return new Tensor(frozen, dtype, convertData(who, source, dtype));
  if (typeof source[0] === "bigint") throw new TypeError(`${who}: expected numbers for f32, got big integers`);
  const result = emptyUnowned(frozen, requiresGrad);
  f32(result.ptr, result.size).set(source as ArrayLike<number>);
  return result;
}

/**
 * Makes a constant in the current scope.
 *
 * @param data   Elements in row-major order; copied.
 * @param shape  [] for a scalar.
 * @param dtype  Default: "f32".
 * @throws {RangeError} when the length doesn't match the shape, or a value doesn't fit an integer type.
 */
export function tensor(data: TensorSource, shape: Shape, dtype: DType = "f32"): Tensor {
  kinds.numberList(data, "tensor: data");
  kinds.shape(shape, "tensor: shape");
  checkDType(dtype, "tensor: dtype");
  return addToScope(fromData("tensor", data, shape, dtype, false));
}

/**
 * Makes a constant in the current scope that takes over a typed array, which nobody may write to afterwards. Floats, and elements
 * in another class of array, are copied as by {@link tensor}.
 *
 * @throws {RangeError} when the length doesn't match the shape.
 */
export function fromTypedArray(data: TensorSource, shape: Shape, dtype: DType): Tensor {
  if (dtype === "f32" || !isStoredAs(data, dtype))
    return addToScope(fromData("fromTypedArray", data, shape, dtype, false));
  checkContent("fromTypedArray", data, shape);
  return addToScope(new Tensor(Object.freeze([...shape]), dtype, data));
}

/**
 * Makes an f32 constant in the current scope whose elements `write` fills in.
 *
 * @param write  Must write all elements, in row-major order, and must make no tensors: an allocation detaches its view.
 */
export function fromWriter(shape: Shape, write: (values: Float32Array) => void): Tensor {
  checkShape("fromWriter", shape);
  const result = empty(Object.freeze([...shape]));
  write(f32(result.ptr, result.size));
  return result;
}

/** Makes a constant outside all scopes, which lives until disposed. Arguments and errors as {@link tensor}. */
export function persistent(data: TensorSource, shape: Shape, dtype: DType = "f32"): Tensor {
  return fromData("persistent", data, shape, dtype, false);
}

/** Makes a trainable f32 tensor outside all scopes, which lives until disposed. @throws {RangeError} as {@link tensor}. */
export function parameter(data: ArrayLike<number>, shape: Shape): Tensor {
  return fromData("parameter", data, shape, "f32", true);
}

/** Makes a tensor of zeros in the current scope. `dtype` default: "f32". */
export function zeros(shape: Shape, dtype: DType = "f32"): Tensor {
  checkShape("zeros", shape);
  if (dtype === "f32") return full(shape, 0);
  return addToScope(new Tensor(Object.freeze([...shape]), dtype, zeroData(dtype, sizeOf(shape))));
}

/** Makes an f32 tensor in the current scope with all elements equal to `value`. */
export function full(shape: Shape, value: number): Tensor {
  checkShape("full", shape);
  const result = empty(Object.freeze([...shape]));
  f32(result.ptr, result.size).fill(value);
  return result;
}

/**
 * Overwrites the elements of a parameter or a constant, in row-major order.
 *
 * @throws {Error} for the result of an operation, whose gradients would become wrong, and for a tensor that an asynchronous call reads.
 * @throws {RangeError} when the length doesn't match, or a value doesn't fit an integer type.
 */
export function assign(target: Tensor, data: TensorSource): void {
  target.check("assign");
  for (const { access, by } of target.holds ?? []) {
    if (access === "read")
      throw new Error(`assign: expected a tensor that no call reads, got one that ${by} reads; await that first`);
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
