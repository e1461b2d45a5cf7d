import { has, inWords } from "@neft/options";

declare const structuredClone: (value: unknown) => unknown;

/** Whether an error says that a message has a value that can't be sent. */
const isUncloneable = (error: unknown): boolean => has(error, "name") && error.name === "DataCloneError";

/** Names the value that can't be sent, if this is what an error is about; returns all other errors. */
export function namingUncloneable(error: unknown, who: string, argument: unknown): unknown {
  if (!isUncloneable(error)) return error;
  const { path, value } = uncloneableIn(argument);
  const place = path.length > 0 ? ` for ${path.join(".")}` : "";
  return new RangeError(`${who}: expected plain data, got ${inWords(value)}${place}`, { cause: error });
}

/** The innermost value that can't be sent, and the names of the members that lead to it. */
function uncloneableIn(value: unknown, outer: readonly unknown[] = []): { path: readonly string[]; value: unknown } {
  const members = has(value) && !ArrayBuffer.isView(value) ? Object.entries(value) : [];
  // A member may be an object that it is in.
  const around = [...outer, value];
  for (const [name, member] of members) {
    if (around.includes(member) || canBeSent(member)) continue;
    const inner = uncloneableIn(member, around);
    return { path: [name, ...inner.path], value: inner.value };
  }
  return { path: [], value };
}

function canBeSent(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
