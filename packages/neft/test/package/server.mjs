// A static server for the tests of the package and for bench/browser.mjs.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

/** Kinds of files by extension. */
const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Headers that isolate a page from other origins, so that it has shared memory. */
export const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Headers of a server whose files pages of other origins use. */
export const crossOrigin = { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" };

/**
 * Serves the files below a folder at `prefix`.
 *
 * @param {string} folder
 * @param {{ prefix?: string, headers?: Readonly<Record<string, string>> }} [options]  `headers` are those of every response.
 * @returns {Promise<{ origin: string, served: Map<string, Uint8Array>, close: () => Promise<void> }>} its origin, and the files that were
 *   served, by path.
 */
export async function serve(folder, { prefix = "/", headers = {} } = {}) {
  const served = new Map();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    const file = join(folder, path.slice(prefix.length));
    if (!path.startsWith(prefix) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, headers).end();
      return;
    }
    const bytes = readFileSync(file);
    served.set(path, bytes);
    const type = types[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store", ...headers }).end(bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  const close = () =>
    new Promise((resolve) => {
      server.close(() => resolve(undefined));
      server.closeAllConnections();
    });
  return { origin: `http://127.0.0.1:${address.port}`, served, close };
}
