/** A class of errors. Its name isn't read: minifiers change names. */
export type ErrorClass = abstract new (...args: never) => Error;

/** An error as plain data. */
interface ErrorRecord {
  /** Name in the table of classes. */
  readonly className: string;
  /** Name, message, stack, and own fields that are text or lists of text. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause?: ErrorRecord;
}

/** What crosses a boundary for a thrown value. */
export type Thrown = { readonly error: ErrorRecord } | { readonly value: unknown };

/** Classes of errors that survive a boundary, by name. Errors of other classes arrive as their closest ancestor in the table. */
const classes = new Map<string, ErrorClass>(
  Object.entries({ Error, RangeError, TypeError, SyntaxError, ReferenceError }),
);

/** Its instances can't be made like those of the other classes: their fields are read-only. */
const { DOMException } = globalThis as unknown as {
  readonly DOMException: { new (message: string, name: string): Error; readonly prototype: Error };
};

/** Longest chain of causes that crosses a boundary; a chain may be a cycle. */
const mostCauses = 4;

/**
 * Lets errors of these classes keep their class when they cross to another thread. Both threads must call it, with the same names.
 * A class's own fields cross if they are text or lists of text.
 */
export function registerErrors(table: Readonly<Record<string, ErrorClass>>): void {
  for (const [name, Class] of Object.entries(table)) classes.set(name, Class);
}

/** Name in the table of the closest class of an error. */
function classNameOf(error: Error): string {
  for (let at: unknown = error; at; at = Object.getPrototypeOf(at)) {
    for (const [name, { prototype }] of classes) if (prototype === at) return name;
  }
  // An error of another realm.
  return classes.has(error.name) ? error.name : "Error";
}

const isText = (value: unknown): boolean => typeof value === "string";

function toRecord(error: Error, depth = 1): ErrorRecord {
  const own = Object.entries(error).filter(
    ([, value]) => isText(value) || (Array.isArray(value) && value.every(isText)),
  );
  const { name, message, stack, cause } = error;
  return {
    className: error instanceof DOMException ? "DOMException" : classNameOf(error),
    fields: { ...Object.fromEntries(own), name, message, stack },
    ...(cause instanceof Error && depth < mostCauses && { cause: toRecord(cause, depth + 1) }),
  };
}

/** The fields of every error that aren't enumerable, as in an error that was thrown here. */
const hidden = ["message", "stack", "cause"];

function fromRecord({ className, fields, cause }: ErrorRecord): Error {
  if (className === "DOMException") return new DOMException(String(fields.message), String(fields.name));
  const Class = classes.get(className) ?? Error;
  const error = Object.setPrototypeOf(new Error(), Class.prototype) as Error;
  const all: Readonly<Record<string, unknown>> = { ...fields, ...(cause && { cause: fromRecord(cause) }) };
  for (const [field, value] of Object.entries(all)) {
    // The class has the name, unless the error had another.
    if (field === "name" && error.name === value) continue;
    Object.defineProperty(error, field, {
      value,
      enumerable: !hidden.includes(field),
      configurable: true,
      writable: true,
    });
  }
  return error;
}

/** Turns a thrown value into plain data. */
export const toThrown = (value: unknown): Thrown => (value instanceof Error ? { error: toRecord(value) } : { value });

/** The value that was thrown. */
export const fromThrown = (thrown: Thrown): unknown => ("error" in thrown ? fromRecord(thrown.error) : thrown.value);
