import { allocate, release } from "@neft/kernels";

/** A reference-counted block of WebAssembly memory, shared by the tensors that view it. */
export class Storage {
  readonly address: number;
  readonly bytes: number;
  references = 1;

  constructor(bytes: number) {
    this.bytes = bytes;
    this.address = allocate(bytes);
  }

  /** Adds a reference. */
  retain(): this {
    this.references++;
    return this;
  }

  /** Drops a reference; the last one frees the block. */
  release(): void {
    if (--this.references === 0) release(this.address, this.bytes);
  }
}
