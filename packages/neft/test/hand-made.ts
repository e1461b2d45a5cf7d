/** A field of a protobuf message: a varint, a string, bytes, or the bytes of a nested message. */
type Field = readonly [number: number, value: number | string | Uint8Array];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) + 128);
  }
}

function message(...fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(([number, value]) => {
    if (typeof value === "number") return [Uint8Array.from([...varint(number * 8), ...varint(value)])];
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    return [Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes];
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** All strings that a model file can contain, by their location. */
export interface Texts {
  readonly graph?: string;
  readonly producer?: string;
  readonly doc?: string;
  readonly input?: string;
  readonly symbol?: string;
  readonly output?: string;
  readonly node?: string;
  readonly op?: string;
  readonly domain?: string;
  readonly attribute?: string;
  readonly weight?: string;
  readonly bias?: string;
  readonly location?: string;
  readonly biasLocation?: string;
  readonly hidden?: string;
}

export const weightBytes = 36 * 4 * 4;

/** Weights of `handMade`'s layer: small values of both signs. */
export const handMadeWeights = (): Uint8Array =>
  new Uint8Array(Float32Array.from({ length: 36 * 4 }, (_, i) => ((i * 7919) % 97) / 970 - 0.05).buffer);

/**
 * ONNX bytes of a one-layer network from [N, 1, 6, 6] to 4 classes, containing the given texts. With a `location`, the weights are in
 * that external file: `weightBytes` bytes at `offset`. With a `biasLocation`, the bias is at the start of that file.
 */
export function handMade(texts: Texts = {}, offset = 0): Uint8Array {
  const { graph = "made", producer = "test", doc = "", input = "image", symbol = "N", output = "logits" } = texts;
  const {
    node = "fc",
    op = "Gemm",
    domain = "",
    attribute,
    weight = "w",
    bias = "b",
    location,
    biasLocation,
    hidden = "flat",
  } = texts;
  const value = (name: string, ...dims: readonly (number | string)[]): Uint8Array => {
    const shape = message(...dims.map((n): Field => [1, typeof n === "string" ? message([2, n]) : message([1, n])]));
    return message([1, name], [2, message([1, message([1, 1], [2, shape])])], [3, doc]);
  };
  const stored = (inside: Uint8Array, where: string | undefined, from: number): Field[] =>
    where === undefined
      ? [[9, inside]]
      : [
          [13, message([1, "location"], [2, where])],
          [13, message([1, "offset"], [2, String(from)])],
          [13, message([1, "length"], [2, String(inside.length)])],
          [14, 1],
        ];
  const attributes: Field[] = attribute === undefined ? [] : [[5, message([1, attribute], [3, 1], [20, 2])]];
  const layer = message(
    ...[hidden, weight, bias].map((name): Field => [1, name]),
    [2, output],
    [3, node],
    [4, op],
    [6, doc],
    [7, domain],
    ...attributes,
  );
  const flatten = message([1, input], [2, hidden], [3, `${node}.0`], [4, "Flatten"]);
  const net = message(
    [1, flatten],
    [1, layer],
    [2, graph],
    [5, message([1, 36], [1, 4], [2, 1], [8, weight], [12, doc], ...stored(handMadeWeights(), location, offset))],
    [5, message([1, 4], [2, 1], [8, bias], ...stored(new Uint8Array(16), biasLocation, 0))],
    [10, doc],
    [11, value(input, symbol, 1, 6, 6)],
    [12, value(output, symbol, 4)],
  );
  const domains: Field[] = domain === "" ? [] : [[8, message([1, domain], [2, 1])]];
  return message([1, 8], [2, producer], [6, doc], [7, net], [8, message([1, ""], [2, 17])], ...domains);
}

/** A zip archive with one empty member of the given name. */
export function archiveOf(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  const numbers = (...parts: readonly (readonly [size: 2 | 4, value: number])[]): Buffer =>
    Buffer.concat(
      parts.map(([size, value]) => {
        const part = Buffer.alloc(size);
        part.writeUIntLE(value, 0, size);
        return part;
      }),
    );
  // Version, flags, method, time, date, checksum, both sizes, length of the name, of the rest.
  const about = [20, 0x800, 0, 0, 0x21].map((value) => [2, value] as const);
  const sizes = [
    [4, 0],
    [4, 0],
    [4, 0],
    [2, bytes.length],
    [2, 0],
  ] as const;
  const local = Buffer.concat([numbers([4, 0x04034b50], ...about, ...sizes), bytes]);
  const entry = numbers([4, 0x02014b50], [2, 20], ...about, ...sizes, [2, 0], [2, 0], [2, 0], [4, 0], [4, 0]);
  const directory = Buffer.concat([entry, bytes]);
  const end = numbers(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, 1],
    [2, 1],
    [4, directory.length],
    [4, local.length],
    [2, 0],
  );
  return new Uint8Array(Buffer.concat([local, directory, end]));
}
