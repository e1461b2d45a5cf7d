/** An object that a scope can own and free. */
export interface Owned {
  owner: Arena | undefined;
  free(reason: string): void;
}

/** The tensors that one scope owns. */
export class Arena {
  readonly owned = new Set<Owned>();
  readonly parent: Arena | undefined;

  constructor(parent: Arena | undefined) {
    this.parent = parent;
  }

  /** Takes ownership. */
  add(item: Owned): void {
    item.owner = this;
    this.owned.add(item);
  }

  /** Frees everything it still owns. */
  end(): void {
    for (const item of this.owned) {
      item.owner = undefined;
      item.free("one whose scope has ended; return it from scope() to keep it");
    }
    this.owned.clear();
  }
}

let current: Arena | undefined;

/** The innermost scope; undefined outside all scopes. */
export function currentArena(): Arena | undefined {
  return current;
}

/** Runs `fn` inside a new scope. `finish` gets its result and may remove items from the scope before the others are freed. */
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
