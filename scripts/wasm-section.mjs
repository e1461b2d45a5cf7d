// The custom section `neft` of a built .wasm file, as JSON: the build, the parameter types of each exported function, and a hash of
// the code. A compiled WebAssembly.Module reports no types, and a page that caches files may combine the code of two releases.

/** Name of the section. */
export const sectionName = "neft";

/** Types by their code in the binary format. */
const numberTypes = { 127: "i32", 126: "i64", 125: "f32", 124: "f64" };

/** Section ids of the binary format, and the code of a function in the import and export sections. */
const [customSection, typeSection, importSection, functionSection, exportSection, functionKind] = [0, 1, 2, 3, 7, 0];

/**
 * Appends the section to a module.
 *
 * @param {Uint8Array} bytes  a module without the section.
 * @param {object} contents  a JSON object.
 * @returns {Uint8Array}
 */
export function withSection(bytes, contents) {
  const name = new TextEncoder().encode(sectionName);
  const text = new TextEncoder().encode(JSON.stringify(contents));
  const payload = [...unsigned(name.length), ...name, ...text];
  return Uint8Array.from([...bytes, customSection, ...unsigned(payload.length), ...payload]);
}

/** An unsigned LEB128 number: seven bits per byte, the lowest first. */
function unsigned(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/**
 * Reads the parameter types of a module's exported functions, by name.
 *
 * @param {Uint8Array} bytes  a valid module whose types are all function types.
 * @returns {Record<string, string[]>}
 * @throws {Error} when the module imports anything but functions.
 */
export function signaturesOf(bytes) {
  const types = [];
  /** Index into `types` of each function; imported functions come first. */
  const functions = [];
  const signatures = {};
  const module = new Reader(bytes, 8);
  while (!module.isAtEnd) {
    const [id, size] = [module.byte(), module.unsigned()];
    const section = module.part(size);
    if (id === typeSection) {
      section.each(() => {
        section.byte();
        const parameters = [];
        section.each(() => parameters.push(numberTypes[section.byte()] ?? "other"));
        section.each(() => section.byte());
        types.push(parameters);
      });
    } else if (id === importSection) {
      section.each(() => {
        section.text();
        section.text();
        if (section.byte() !== functionKind)
          throw new Error("wasm-section: expected a module that imports functions only, got another kind of import");
        functions.push(section.unsigned());
      });
    } else if (id === functionSection) section.each(() => functions.push(section.unsigned()));
    else if (id === exportSection) {
      section.each(() => {
        const [name, kind, index] = [section.text(), section.byte(), section.unsigned()];
        if (kind === functionKind) signatures[name] = types[functions[index]];
      });
    }
  }
  return signatures;
}

/** Sequential reader of the WebAssembly binary format. */
class Reader {
  constructor(bytes, at, end = bytes.length) {
    Object.assign(this, { bytes, at, end });
  }

  get isAtEnd() {
    return this.at >= this.end;
  }

  /** Reads one byte. */
  byte() {
    return this.bytes[this.at++];
  }

  /** Reads an unsigned LEB128 number. */
  unsigned() {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  /** Reads a length-prefixed UTF-8 string. */
  text() {
    const size = this.unsigned();
    const from = this.at;
    this.at += size;
    return new TextDecoder().decode(this.bytes.subarray(from, this.at));
  }

  /** Reads a count and calls `read` that many times. */
  each(read) {
    for (let left = this.unsigned(); left > 0; left--) read();
  }

  /** A reader of the next `size` bytes, which this reader skips. */
  part(size) {
    const from = this.at;
    this.at += size;
    return new Reader(this.bytes, from, this.at);
  }
}
