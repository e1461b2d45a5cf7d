import type { Tensor } from "./tensor.js";

/**
 * How tensors are used: any number of calls may read them, or one writes them. A look is a read that has ended before anything else
 * runs.
 */
export type Access = "look" | "read" | "write";

/** Tensors that a call uses over several turns of the event loop: until its release they can't be disposed. */
export class Hold {
  readonly #tensors: readonly Tensor[];
  /** Whether others may look at what this one writes. */
  #isOpen = false;

  /** @param by  Who holds them, for errors. */
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

  /** Whether such an access by another has to wait for this one's end. */
  excludes(access: Access): boolean {
    if (access === "look" && this.#isOpen) return false;
    return access === "write" || this.access === "write";
  }

  /** Lets others look at what this one writes while `fn` runs, which must leave it as it is. */
  letLook<T>(fn: () => T): T {
    this.#isOpen = true;
    try {
      return fn();
    } finally {
      this.#isOpen = false;
    }
  }

  /** Doing so twice is harmless. */
  release(): void {
    for (const tensor of this.#tensors) tensor.holds?.delete(this);
  }
}

/** The first hold on any of the tensors that such an access has to wait for. */
export function holdAgainst(tensors: Iterable<Tensor>, access: Access): Hold | undefined {
  for (const { holds } of tensors) {
    for (const hold of holds ?? []) if (hold.excludes(access)) return hold;
  }
  return undefined;
}
