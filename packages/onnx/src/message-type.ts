import { tagOf, WireReader, type WireType } from "./wire-reader.js";
import { WireWriter } from "./wire-writer.js";

/**
 * A decoded protobuf message. Fields that are present are own properties. Fields that are absent are inherited from
 * the message's type: zero, empty or undefined.
 */
export interface Message {
  /** Fields that the type doesn't have, each with its tag, in order. */
  unknownFields: readonly Uint8Array[];
}

/** A message's properties by name. */
export type Properties = Record<string, unknown>;

/** Reads one occurrence of a field, whose tag was read, into a message's property. */
export type ReadField = (reader: WireReader, message: Properties, name: string) => void;

/** A field of a message whose property has type V. */
export interface Field<V> {
  readonly number: number;
  /** Value of the property when the field is absent. */
  readonly absent: V;
  /** By wire type. An occurrence with any other wire type is an unknown field. */
  readonly read: ReadonlyMap<WireType, ReadField>;
  /** Writes the field with its tag. A method: it is called with this field's values only. */
  write(writer: WireWriter, value: V): void;
}

/** Value of lists that are absent. */
export const none: readonly never[] = Object.freeze([]);

/** Appends to a list, which may be absent. */
export function append(properties: Properties, name: string, value: unknown): void {
  if (properties[name] === none) properties[name] = [value];
  else (properties[name] as unknown[]).push(value);
}

/** A type of messages. */
export interface MessageType<T extends Message> {
  /** Messages inherit from it. */
  readonly absent: T;
  /** Fields by number, ascending. */
  readonly fields: readonly { readonly name: string; readonly field: Field<unknown> }[];
  /** By tag. */
  readonly readers: readonly (((reader: WireReader, message: Properties) => void) | undefined)[];
}

/** Fields of a type, by property. */
export type Fields<T extends Message> = { readonly [K in Exclude<keyof T, keyof Message>]: Field<T[K]> };

/** Type of the messages with these fields. */
export function messageType<T extends Message>(table: Fields<T>): MessageType<T> {
  const entries = Object.entries(table) as [string, Field<unknown>][];
  const readers: ((reader: WireReader, message: Properties) => void)[] = [];
  for (const [name, { number, read }] of entries) {
    for (const [wire, readField] of read) {
      readers[tagOf(number, wire)] = (reader, properties) => readField(reader, properties, name);
    }
  }
  const absent = Object.fromEntries(entries.map(([name, field]) => [name, field.absent]));
  return {
    absent: { ...absent, unknownFields: none } as unknown as T,
    fields: entries.map(([name, field]) => ({ name, field })).sort((a, b) => a.field.number - b.field.number),
    readers,
  };
}

/** Makes a message. Properties that aren't given are absent. */
export function create<T extends Message>(type: MessageType<T>, given: Partial<T> = {}): T {
  return Object.assign(Object.create(type.absent), given);
}

/**
 * Decodes a message. Bytes in it are views of those given.
 *
 * @throws {Error} when the bytes aren't a message or end early.
 */
export function decode<T extends Message>(type: MessageType<T>, encoded: Uint8Array): T {
  const made = create(type);
  readMessage(new WireReader(encoded), type, made);
  return made;
}

/** Reads fields up to the end of the innermost open message. Lists are appended to, messages merged. */
export function readMessage<T extends Message>(reader: WireReader, type: MessageType<T>, into: T): void {
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.tag();
    const read = type.readers[tag];
    if (read !== undefined) read(reader, into as unknown as Properties);
    else {
      reader.skip(tag);
      append(into as unknown as Properties, "unknownFields", reader.bytes.subarray(start, reader.at));
    }
  }
}

/** Length of the largest message that protobuf's implementations read. */
const mostBytes = 2 ** 31 - 1;

/**
 * Encodes a message: its fields by number, then unknown fields.
 *
 * @throws {RangeError} for a number that doesn't fit its field, and for a message larger than protobuf's.
 */
export function encode<T extends Message>(type: MessageType<T>, value: T): Uint8Array {
  const writer = new WireWriter();
  writeMessage(writer, type, value);
  if (writer.length > mostBytes)
    throw new RangeError(
      `encode: expected a message of at most ${mostBytes} bytes, as protobuf allows, got ${writer.length}: larger models keep their weights in external data`,
    );
  return writer.finish();
}

/** Writes a message without its length. */
export function writeMessage<T extends Message>(writer: WireWriter, type: MessageType<T>, value: T): void {
  const { unknownFields } = value;
  for (let i = unknownFields.length - 1; i >= 0; i--) writer.bytes(unknownFields[i]!);
  for (let i = type.fields.length - 1; i >= 0; i--) {
    const { name, field } = type.fields[i]!;
    if (Object.hasOwn(value, name)) field.write(writer, value[name as keyof T]);
  }
}

/** A copy of a message with other values of some fields. Unknown fields are kept. */
export function withFields<T extends Message>(message: T, fields: Partial<T>): T {
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message, fields);
}
