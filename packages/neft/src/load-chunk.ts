import type { ChunkName, ChunkUrls } from "./chunk-names.js";

/** What a file that loads on demand exports. */
interface ChunkFile {
  /** Its hash. */
  readonly build: string;
  /** Makes its modules' exports. @param instances  What it shares with the file that loads it. */
  readonly exportsWith: (instances: readonly unknown[]) => unknown;
}

let urls: ChunkUrls;

/** Says where this worker finds its files on demand. Call at its start. */
export function setChunkUrls(given: ChunkUrls): void {
  urls = given;
}

const loading = new Map<ChunkName, Promise<unknown>>();

/**
 * Loads a file once, and again after a failure. In the bundle of a worker the build puts calls of it in place of imports at run time; see
 * `chunks` in scripts/bundles.mjs.
 * @param fitting  Hash of the file of the same build.
 * @throws {Error} if the file can't be loaded, or is that of another release.
 */
export function loadChunk(name: ChunkName, fitting: string, instances: readonly unknown[]): Promise<unknown> {
  const started =
    loading.get(name) ??
    load(name, fitting, instances).catch((error: unknown) => {
      loading.delete(name);
      throw error;
    });
  loading.set(name, started);
  return started;
}

async function load(name: ChunkName, fitting: string, instances: readonly unknown[]): Promise<unknown> {
  const address = urls[name]!;
  let file: ChunkFile;
  try {
    // Bundlers must leave the address as it is.
    file = await import(/* @vite-ignore */ /* webpackIgnore: true */ address);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    const source = address.startsWith("blob:") ? "blob:" : "its origin";
    throw new Error(
      `${name}: expected this part of neft at ${address}, got: ${got}; serve ${name} there and allow ${source} in the script-src of the page's content-security policy`,
      { cause },
    );
  }
  if (file.build !== fitting)
    throw new Error(
      `${name}: expected ${address} to be of this release, got another; serve the files of one release, and clear caches`,
    );
  return file.exportsWith(instances);
}
