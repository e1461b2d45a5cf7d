import type { Tensor } from "./tensor.js";

/** How a call uses tensors: any number of calls may read them, or one writes them. */
export type Access = "read" | "write";

/** Tensors that a call uses over several turns of the event loop: until its release they can't be disposed. */
export class Hold {
  readonly #tensors: readonly Tensor[];
  #access: Access;

  /** @param by  Who holds them, for errors. */
  constructor(
    tensors: Iterable<Tensor>,
    access: Access,
    readonly by: string,
  ) {
    this.#tensors = [...tensors];
    this.#access = access;
    for (const tensor of this.#tensors) {
      tensor.holds ??= new Set();
      tensor.holds.add(this);
    }
  }

  get access(): Access {
    return this.#access;
  }

  /** Lets others read what this one writes while `fn` runs, which must leave it as it is. */
  letRead<T>(fn: () => T): T {
    const before = this.#access;
    this.#access = "read";
    try {
      return fn();
    } finally {
      this.#access = before;
    }
  }

  /** Doing so twice is harmless. */
  release(): void {
    for (const tensor of this.#tensors) tensor.holds?.delete(this);
  }
}

/** The first hold on any of the tensors that such an access has to wait for: of a writer, or, for a write, any. */
export function holdAgainst(tensors: Iterable<Tensor>, access: Access): Hold | undefined {
  for (const { holds } of tensors) {
    for (const hold of holds ?? []) if (access === "write" || hold.access === "write") return hold;
  }
  return undefined;
}
