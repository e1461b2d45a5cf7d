import { allocate, release } from "@neft/kernels";

/** A block of the kernels' memory, shared by tensors that view it; freed when the last of them lets go. */
export class Storage {
  readonly address: number;
  readonly bytes: number;
  references = 1;
  /** By their geometry: what convolutions laid out of this block; only where that is to be kept. */
  layouts: Map<string, Storage | undefined> | undefined;

  constructor(bytes: number) {
    this.bytes = bytes;
    this.address = allocate(bytes);
  }

  retain(): this {
    this.references++;
    return this;
  }

  release(): void {
    if (--this.references > 0) return;
    this.dropLayouts();
    release(this.address, this.bytes);
  }

  /** Frees layouts: those of content that is gone. */
  dropLayouts(): void {
    for (const layout of this.layouts?.values() ?? []) layout?.release();
    this.layouts?.clear();
  }
}
