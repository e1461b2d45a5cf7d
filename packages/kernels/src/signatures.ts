/** A number's type in WebAssembly; `other` for what no kernel takes. */
export type NumberType = "i32" | "i64" | "f32" | "f64" | "other";

const numberTypes: Readonly<Record<number, NumberType>> = { 127: "i32", 126: "i64", 125: "f32", 124: "f64" };

/** Sections of a module, and the kind of a function among imports and exports, by the numbers of the binary format. */
const [typeSection, importSection, functionSection, exportSection, functionKind] = [1, 2, 3, 7, 0];

/**
 * The parameters of each function that a module exports, by name, read from its bytes: engines tell names only.
 *
 * @param bytes  A module that an engine has compiled, of types that are all functions.
 */
export function signaturesOf(bytes: Uint8Array): ReadonlyMap<string, readonly NumberType[]> {
  const types: NumberType[][] = [];
  const functions: number[] = [];
  const signatures = new Map<string, readonly NumberType[]>();
  const module = new Reader(bytes, 8);
  while (!module.isAtEnd) {
    const [id, size] = [module.byte(), module.unsigned()];
    const section = module.part(size);
    if (id === typeSection) {
      section.each(() => {
        section.byte();
        const parameters: NumberType[] = [];
        section.each(() => parameters.push(numberTypes[section.byte()] ?? "other"));
        section.each(() => section.byte());
        types.push(parameters);
      });
    } else if (id === importSection) {
      section.each(() => {
        section.text();
        section.text();
        if (section.byte() !== functionKind) throw new Error("kernels: expected to import functions only, got others");
        functions.push(section.unsigned());
      });
    } else if (id === functionSection) section.each(() => functions.push(section.unsigned()));
    else if (id === exportSection) {
      section.each(() => {
        const [name, kind, index] = [section.text(), section.byte(), section.unsigned()];
        if (kind === functionKind) signatures.set(name, types[functions[index]!]!);
      });
    }
  }
  return signatures;
}

/** Reads the binary format's numbers and texts one after the other. */
class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly end = bytes.length,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  /** LEB128: seven bits a byte, the lowest first. */
  unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const size = this.unsigned();
    const from = this.at;
    this.at += size;
    return new TextDecoder().decode(this.bytes.subarray(from, this.at));
  }

  each(read: () => void): void {
    for (let left = this.unsigned(); left > 0; left--) read();
  }

  /** The next `size` bytes. */
  part(size: number): Reader {
    const from = this.at;
    this.at += size;
    return new Reader(this.bytes, from, this.at);
  }
}
