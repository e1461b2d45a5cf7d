/** What a scope can own and free. */
export interface Owned {
  owner: Arena | undefined;
  free(reason: string): void;
}

/** The tensors made inside one scope. */
export class Arena {
  readonly owned = new Set<Owned>();
  readonly parent: Arena | undefined;

  constructor(parent: Arena | undefined) {
    this.parent = parent;
  }

  add(item: Owned): void {
    item.owner = this;
    this.owned.add(item);
  }

  /** Frees what is left. */
  end(): void {
    for (const item of this.owned) {
      item.owner = undefined;
      item.free("one whose scope has ended; return it from scope() to keep it");
    }
    this.owned.clear();
  }
}

let current: Arena | undefined;

/** The innermost open scope; undefined outside all. */
export function currentArena(): Arena | undefined {
  return current;
}

/** Runs `fn` inside a scope of its own, which `finish` may take things out of before it ends. */
export function withArena<T>(fn: () => T, finish: (result: T, arena: Arena) => void): T {
  const arena = new Arena(current);
  current = arena;
  try {
    const result = fn();
    finish(result, arena);
    return result;
  } finally {
    current = arena.parent;
    arena.end();
  }
}
