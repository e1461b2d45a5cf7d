import type { Tensor } from "./tensor.js";

/**
 * Access of a call to tensors: any number of calls may read them, or one may write them. A peek is a synchronous read, which ends before
 * any other code runs.
 */
export type Access = "peek" | "read" | "write";

/** A lock of an asynchronous call on its tensors: until its release they can't be disposed. */
export class Hold {
  readonly #tensors: readonly Tensor[];
  /** Whether other calls may peek although this one writes. */
  #allowsPeek = false;

  /** @param by  Name of the call, for errors. */
  constructor(
    tensors: Iterable<Tensor>,
    readonly access: "read" | "write",
    readonly by: string,
  ) {
    this.#tensors = [...tensors];
    for (const tensor of this.#tensors) {
      tensor.holds ??= new Set();
      tensor.holds.add(this);
    }
  }

  /** Whether this hold conflicts with another call's access. */
  excludes(access: Access): boolean {
    if (access === "peek" && this.#allowsPeek) return false;
    return access === "write" || this.access === "write";
  }

  /** Lets other calls peek while `fn` runs, which must not change the tensors. @returns the result of `fn`. */
  allowPeek<T>(fn: () => T): T {
    this.#allowsPeek = true;
    try {
      return fn();
    } finally {
      this.#allowsPeek = false;
    }
  }

  /** Ends the hold. A second call does nothing. */
  release(): void {
    for (const tensor of this.#tensors) tensor.holds?.delete(this);
  }
}

/** The first hold on any of the tensors that conflicts with an access; undefined when there is none. */
export function holdAgainst(tensors: Iterable<Tensor>, access: Access): Hold | undefined {
  for (const { holds } of tensors) {
    for (const hold of holds ?? []) if (hold.excludes(access)) return hold;
  }
  return undefined;
}
