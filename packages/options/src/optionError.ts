/** An error's words, given what options are called. */
type Words = (called: (option: string) => string) => string;

const wordsOf = new WeakMap<object, Words>();

/**
 * A RangeError about options that don't go together, or don't fit the data. Whoever has other names for them, as the command has
 * its flags, can have it said with those: `messageWith`.
 * @param words  makes the message; an option within another is "other.option".
 */
export function optionError(words: Words): RangeError {
  const error = new RangeError(words((option) => option));
  wordsOf.set(error, words);
  return error;
}

/** The message of an `optionError` with options called what `called` says; nothing for other errors. */
export function messageWith(error: unknown, called: (option: string) => string): string | undefined {
  return error instanceof RangeError ? wordsOf.get(error)?.(called) : undefined;
}
