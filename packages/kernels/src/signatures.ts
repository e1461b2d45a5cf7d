/** WebAssembly type of a parameter; `other` for types that no kernel takes. */
export type NumberType = "i32" | "i64" | "f32" | "f64" | "other";

/** Types by their code in the binary format. */
const numberTypes: Readonly<Record<number, NumberType>> = { 127: "i32", 126: "i64", 125: "f32", 124: "f64" };

/** Section ids of the binary format, and the code of a function in the import and export sections. */
const [typeSection, importSection, functionSection, exportSection, functionKind] = [1, 2, 3, 7, 0];

/**
 * Reads the parameter types of a module's exported functions, by name. The JavaScript API reports names only.
 *
 * @param bytes  A valid module whose types are all function types.
 * @throws {Error} when the module imports anything but functions.
 */
export function signaturesOf(bytes: Uint8Array): ReadonlyMap<string, readonly NumberType[]> {
  const types: NumberType[][] = [];
  /** Index into `types` of each function; imported functions come first. */
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
        if (section.byte() !== functionKind)
          throw new Error("kernels: expected a module that imports functions only, got another kind of import");
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

/** Sequential reader of the WebAssembly binary format. */
class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly end = bytes.length,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** Reads one byte. */
  byte(): number {
    return this.bytes[this.at++]!;
  }

  /** Reads an unsigned LEB128 number: seven bits per byte, the lowest first. */
  unsigned(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  /** Reads a length-prefixed UTF-8 string. */
  text(): string {
    const size = this.unsigned();
    const from = this.at;
    this.at += size;
    return new TextDecoder().decode(this.bytes.subarray(from, this.at));
  }

  /** Reads a count and calls `read` that many times. */
  each(read: () => void): void {
    for (let left = this.unsigned(); left > 0; left--) read();
  }

  /** A reader of the next `size` bytes, which this reader skips. */
  part(size: number): Reader {
    const from = this.at;
    this.at += size;
    return new Reader(this.bytes, from, this.at);
  }
}
