/**
 * A reference to a factor: v for the factor of variable v ≥ 1, −v for its inverse, 0 for the factor 1.
 */
export type FactorRef = number;

/**
 * Unknown positive factors, with what is known of them: which are equal, inverse to each other, or 1.
 *
 * A union-find with signs. Variables are numbered from 1.
 */
export class Factors {
  /** Of each variable: a reference to its parent; to itself for a root, 0 for a factor of 1. */
  readonly #parents: number[] = [0];
  /** Number of variables below each root, itself included: a smaller tree becomes a branch of the larger. */
  readonly #sizes: number[] = [0];
  readonly #reasons = new Map<number, string>();

  /** Adds variables. @returns references to them. */
  fresh(count: number): Int32Array {
    const first = this.#parents.length;
    for (let v = first; v < first + count; v++) {
      this.#parents.push(v);
      this.#sizes.push(1);
    }
    return Int32Array.from({ length: count }, (_, i) => first + i);
  }

  /** Number of variables, with those that are equal to others. */
  get count(): number {
    return this.#parents.length - 1;
  }

  /** The root that a reference is equal to; 0 if the factor is 1. */
  find(ref: FactorRef): FactorRef {
    if (ref === 0) return 0;
    let root = ref;
    for (;;) {
      const parent = this.#parents[Math.abs(root)]!;
      if (parent === Math.abs(root)) break;
      if (parent === 0) {
        root = 0;
        break;
      }
      root = root < 0 ? -parent : parent;
    }
    if (root === 0) return 0;
    // Shortens the path to one step. That of a factor 1 stays, because its end has the reason.
    for (let at = ref; at !== root; ) {
      const v = Math.abs(at);
      const parent = this.#parents[v]!;
      this.#parents[v] = at < 0 ? -root : root;
      at = at < 0 ? -parent : parent;
    }
    return root;
  }

  /** Makes two factors equal. @param reason  Why they become 1 if they can't be anything else. */
  unite(a: FactorRef, b: FactorRef, reason: string): void {
    const [rootA, rootB] = [this.find(a), this.find(b)];
    if (rootA === rootB) return;
    if (rootA === 0) this.pin(rootB, this.reasonOf(a) || reason);
    else if (rootB === 0) this.pin(rootA, this.reasonOf(b) || reason);
    else if (rootA === -rootB) this.pin(rootA, reason);
    else {
      const [small, large] = this.#sizeOf(rootA) > this.#sizeOf(rootB) ? [rootB, rootA] : [rootA, rootB];
      this.#sizes[Math.abs(large)]! += this.#sizeOf(small);
      this.#parents[Math.abs(small)] = small < 0 ? -large : large;
    }
  }

  #sizeOf(root: FactorRef): number {
    return this.#sizes[Math.abs(root)]!;
  }

  /** Makes a factor 1. */
  pin(ref: FactorRef, reason: string): void {
    const root = Math.abs(this.find(ref));
    if (root === 0) return;
    this.#parents[root] = 0;
    this.#reasons.set(root, reason);
  }

  /** Why a factor is 1: the first reason that its variable, or one equal to it, was given. */
  reasonOf(ref: FactorRef): string {
    let v = Math.abs(ref);
    while (v !== 0 && this.#parents[v] !== 0 && Math.abs(this.#parents[v]!) !== v) v = Math.abs(this.#parents[v]!);
    return this.#reasons.get(v) ?? "";
  }
}
