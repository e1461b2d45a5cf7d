import { has } from "@neft/options";

/** What calls take that isn't data and stays in the calling thread: words and check, for rules and for rows of settings. */
export const callArguments = {
  signal: ["an AbortSignal", (value: unknown): boolean => has(value, "aborted", "addEventListener")],
  onCheckpoint: ["a function", (value: unknown): boolean => typeof value === "function"],
  onProgress: ["a function", (value: unknown): boolean => typeof value === "function"],
} as const;
