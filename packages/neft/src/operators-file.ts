import type { OperatorSet } from "@neft/model";
import { addMore } from "./more-operators.js";
import { fitting, instances } from "./shared-instances.js";

/** What operators.js exports. */
interface OperatorsFile {
  /** Its hash. */
  readonly build: string;
  /** Makes the rows. @param instances  The modules' values that it shares with the file that loads it. */
  readonly operatorsWith: (instances: readonly unknown[]) => OperatorSet;
}

/**
 * A function that makes the operators of operators.js known in this worker. It loads the file once, and again after a failure.
 * @param address  URL of the file.
 */
export function operatorsFrom(address: string): () => Promise<void> {
  let loading: Promise<void> | undefined;
  return () => {
    loading ??= load(address).catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/** @throws {Error} if the file can't be loaded, or is that of another release. */
async function load(address: string): Promise<void> {
  let file: OperatorsFile;
  try {
    // Bundlers must leave the address as it is.
    file = await import(/* @vite-ignore */ /* webpackIgnore: true */ address);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    const source = address.startsWith("blob:") ? "blob:" : "its origin";
    throw new Error(
      `operators.js: expected more operators from ${address}, got: ${got}; serve operators.js there and allow ${source} in the script-src of the page's content-security policy`,
      { cause },
    );
  }
  if (file.build !== fitting)
    throw new Error(
      `operators.js: expected ${address} to be of this release, got another; serve the files of one release, and clear caches`,
    );
  addMore(file.operatorsWith(instances));
}
