import { allocate, release } from "@neft/kernels";

/** A block of the kernels' memory, shared by tensors that view it; freed when the last of them lets go. */
export class Storage {
  readonly address: number;
  readonly bytes: number;
  references = 1;

  constructor(bytes: number) {
    this.bytes = bytes;
    this.address = allocate(bytes);
  }

  retain(): this {
    this.references++;
    return this;
  }

  release(): void {
    if (--this.references === 0) release(this.address, this.bytes);
  }
}
