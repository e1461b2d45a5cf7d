import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

/** A static server for a page that a bundler made: the page's script, the engine beside it and the kernels, as built. */
export interface Site {
  readonly url: string;
  /** Bytes of the page's script, gzipped. */
  readonly pageBytes: number;
  /** Makes files available under /data/. */
  readonly data: Map<string, Uint8Array>;
  /** Lets the next job worker close itself soon after its start. */
  closeNextJob(): void;
  /** Whether a job worker has asked since, and so has closed itself. */
  readonly isJobClosed: () => boolean;
  close(): Promise<void>;
}

const packages = new URL("../../../", import.meta.url);

/** A bundle of a module that imports neft, as a bundler's defaults make it. */
async function bundle(code: string): Promise<string> {
  const input = "entry";
  const build = await rolldown({
    input,
    platform: "browser",
    cwd: new URL("../..", import.meta.url).pathname,
    resolve: { conditionNames: ["browser", "import", "default"] },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === input ? new URL("entry.mjs", import.meta.url).pathname : null),
        load: (id) => (id.endsWith("entry.mjs") ? code : null),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm", minify: true, codeSplitting: false, comments: false });
  await build.close();
  return output[0].code;
}

/**
 * The product's engine with a few lines before it: job workers ask the server whether to close themselves, and an engine does so on a
 * message of the page.
 */
const closing = `new BroadcastChannel("test").onmessage = () => self.name !== "job" && self.close();
addEventListener("message", async ({ data }) => {
  self.name = data.role;
  // Later, because nothing notices the end of a worker before it holds its lock.
  if (data.role === "job" && (await (await fetch("/close-job")).text()) === "yes") setTimeout(() => self.close(), 200);
}, { once: true });
`;

const html = `<!doctype html><meta charset=utf-8><link rel=icon href=data:,>
<script type=module>import { createSession } from "/app/page.js"; globalThis.neft = { createSession };</script>`;

/** Serves the page. @param isolated  Whether the page is cross-origin isolated and so has shared memory. */
export async function serve(isolated: boolean): Promise<Site> {
  const page = await bundle(`export { createSession } from "neft";`);
  const own = await bundle(`import { createSession } from "neft";
    addEventListener("message", async ({ data: { file, dataset, settings } }) => {
      const session = await createSession({ workers: 1 });
      const [network, data] = [await session.importOnnx(file), await session.addDataset(dataset)];
      postMessage(await session.evaluate(network, data, settings));
      await session.close();
    });`);
  const read = (path: string): Uint8Array => readFileSync(new URL(path, packages));
  const data = new Map<string, Uint8Array>();
  let [isClosing, isClosed] = [false, false];
  const routes: Record<string, () => [type: string, body: string | Uint8Array]> = {
    "/": () => ["text/html", html],
    "/app/page.js": () => ["text/javascript", page],
    "/app/own.js": () => ["text/javascript", own],
    "/app/engine.js": () => ["text/javascript", (isClosing ? closing : "") + Buffer.from(read("neft/dist/engine.js"))],
    "/wasm/simd128.wasm": () => ["application/wasm", read("kernels/wasm/simd128.wasm")],
    "/close-job": () => {
      const answer = isClosed ? "no" : "yes";
      isClosed = true;
      return ["text/plain", answer];
    },
  };
  const server = createServer(({ url = "" }, response) => {
    if (isolated) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    const file = data.get(url.replace("/data/", ""));
    const [type, body] = file ? ["application/octet-stream", file] : (routes[url]?.() ?? ["", ""]);
    response.writeHead(type === "" ? 404 : 200, { "Content-Type": type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    pageBytes: gzipSync(page, { level: 9 }).length,
    data,
    closeNextJob: () => {
      [isClosing, isClosed] = [true, false];
    },
    isJobClosed: () => isClosed,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
