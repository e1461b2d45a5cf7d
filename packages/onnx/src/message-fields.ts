import type { ByteRange } from "./byte-ranges.js";
import {
  append,
  create,
  type Field,
  type Message,
  type MessageType,
  none,
  type Properties,
  type ReadField,
  readMessage,
  writeMessage,
} from "./message-type.js";
import { type WireReader, WireType } from "./wire-reader.js";
import type { WireWriter } from "./wire-writer.js";

/** Encoding of one value. */
interface Kind<V> {
  readonly wire: WireType;
  /** @param known  Value of an earlier occurrence, which messages merge with. */
  read(reader: WireReader, known?: V): V;
  write(writer: WireWriter, value: V): void;
}

/** Encoding of a number or text, with the value of an absent field. */
interface Scalar<V> extends Kind<V> {
  readonly zero: V;
}

export const int32: Scalar<number> = {
  wire: WireType.Varint,
  zero: 0,
  read: (reader) => reader.int32(),
  write: (writer, value) => writer.int32(value),
};

export const int64: Scalar<bigint> = {
  wire: WireType.Varint,
  zero: 0n,
  read: (reader) => reader.int64(),
  write: (writer, value) => writer.int64(value),
};

export const uint64: Scalar<bigint> = {
  wire: WireType.Varint,
  zero: 0n,
  read: (reader) => reader.uint64(),
  write: (writer, value) => writer.uint64(value),
};

export const float: Scalar<number> = {
  wire: WireType.Bits32,
  zero: 0,
  read: (reader) => reader.float(),
  write: (writer, value) => writer.float(value),
};

export const string: Scalar<string> = {
  wire: WireType.Delimited,
  zero: "",
  read: (reader) => reader.string(),
  write: (writer, value) => delimited(writer, () => writer.string(value)),
};

/** Bytes, as a view of the decoded ones. */
export const bytes: Kind<Uint8Array> = {
  wire: WireType.Delimited,
  read: (reader) => reader.view(),
  write: (writer, value) => delimited(writer, () => writer.bytes(value)),
};

function messageKind<T extends Message>(type: () => MessageType<T>): Kind<T> {
  return {
    wire: WireType.Delimited,
    read: (reader, known = create(type())) => {
      reader.deeper(() => reader.within(() => readMessage(reader, type(), known)));
      return known;
    },
    write: (writer, value) => delimited(writer, () => writeMessage(writer, type(), value)),
  };
}

/** Field with at most one value, which is zero when absent. */
export function one<V>(number: number, kind: Scalar<V>): Field<V> {
  return { ...(optional(number, kind) as Field<V>), absent: kind.zero };
}

/**
 * Field with at most one value, which is undefined when absent.
 *
 * @param rival  Name of another field of which a message has only the last: the two are a `oneof`.
 */
export function optional<V>(number: number, kind: Kind<V>, rival?: string): Field<V | undefined> {
  const read: ReadField = (reader, properties, name) => {
    properties[name] = kind.read(reader, properties[name] as V | undefined);
    if (rival !== undefined) delete properties[rival];
  };
  return {
    number,
    absent: undefined,
    read: new Map([[kind.wire, read]]),
    write: (writer, value) => {
      if (value === undefined) return;
      kind.write(writer, value);
      writer.tag(number, kind.wire);
    },
  };
}

/** Field with any number of values, each with a tag. Packed numbers are read too. */
export function list<V>(number: number, kind: Kind<V>): Field<readonly V[]> {
  const read: ReadField = (reader, properties, name) => append(properties, name, kind.read(reader));
  const readRun: ReadField = (reader, properties, name) =>
    reader.within(() => {
      const values = properties[name] === none ? [] : (properties[name] as V[]);
      while (reader.at < reader.end) values.push(kind.read(reader));
      if (values.length > 0) properties[name] = values;
    });
  return {
    number,
    absent: none,
    read: new Map([
      [WireType.Delimited, readRun],
      [kind.wire, read],
    ]),
    write: (writer, values) => {
      for (let i = values.length - 1; i >= 0; i--) {
        kind.write(writer, values[i]!);
        writer.tag(number, kind.wire);
      }
    },
  };
}

/** Field with at most one message, of a type that may be defined later. Several occurrences are merged. */
export function message<T extends Message>(number: number, type: () => MessageType<T>): Field<T | undefined> {
  return optional(number, messageKind(type));
}

/** Field with any number of messages. */
export function messages<T extends Message>(number: number, type: () => MessageType<T>): Field<readonly T[]> {
  return list(number, messageKind(type));
}

/** Field with any number of numbers, packed. Single ones are read too. */
export function packed<V>(number: number, kind: Scalar<V>): Field<readonly V[]> {
  return {
    ...list(number, kind),
    write: (writer, values) => {
      if (values.length === 0) return;
      delimited(writer, () => {
        for (let i = values.length - 1; i >= 0; i--) kind.write(writer, values[i]!);
      });
      writer.tag(number, WireType.Delimited);
    },
  };
}

/** Fixed-width elements of a repeated field, as stored. */
export interface StoredElements {
  /** The bytes that were decoded. */
  readonly bytes: Uint8Array;
  /** One range for each packed run or single element, in order. */
  readonly ranges: readonly ByteRange[];
}

/** Bytes of a number of fixed width. */
const widths = { [WireType.Bits32]: 4, [WireType.Bits64]: 8 } as const;

/**
 * Field with any number of fixed-width numbers, which are found and not decoded: they may be many.
 *
 * @param isPacked  Whether they are written as one packed run. They are read in either form.
 */
export function stored(
  number: number,
  wire: WireType.Bits32 | WireType.Bits64,
  isPacked: boolean,
): Field<StoredElements | undefined> {
  const width = widths[wire];
  const add = (reader: WireReader, properties: Properties, name: string, length: number) => {
    const range = { offset: reader.advance(length), length };
    const known = properties[name] as { ranges: ByteRange[] } | undefined;
    if (length % width !== 0) throw new RangeError(`expected numbers of ${width} bytes, got ${length} bytes`);
    if (known !== undefined) known.ranges.push(range);
    else if (length > 0) properties[name] = { bytes: reader.bytes, ranges: [range] };
  };
  return {
    number,
    absent: undefined,
    read: new Map<WireType, ReadField>([
      [wire, (reader, properties, name) => add(reader, properties, name, width)],
      [WireType.Delimited, (reader, properties, name) => add(reader, properties, name, reader.length())],
    ]),
    write: (writer, elements) => {
      if (elements === undefined) return;
      const views = elements.ranges.map(({ offset, length }) => elements.bytes.subarray(offset, offset + length));
      const write = () => {
        for (const view of views.reverse()) {
          if (isPacked) writer.bytes(view);
          else
            for (let at = view.length - width; at >= 0; at -= width) {
              writer.bytes(view.subarray(at, at + width));
              writer.tag(number, wire);
            }
        }
      };
      if (!isPacked) return write();
      delimited(writer, write);
      writer.tag(number, WireType.Delimited);
    },
  };
}

/** Writes what `write` writes, and its length before it. */
function delimited(writer: WireWriter, write: () => void): void {
  const after = writer.length;
  write();
  writer.varint(writer.length - after);
}
