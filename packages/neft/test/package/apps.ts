import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import webpack from "webpack";
import { env, runWell, tool } from "./programs.js";
import { crossOrigin, serve } from "./server.mjs";
import type { Shared } from "./setup.js";

/** An app on a server. */
export interface App {
  /** URL of its page. */
  readonly url: string;
  /** Files that were served; undefined for a server that isn't ours. */
  readonly served: ReadonlyMap<string, Uint8Array> | undefined;
  close(): Promise<void>;
}

/** A built app: what to serve, where, and what the bundler printed that may be a warning. */
interface Site {
  readonly folder: string;
  readonly prefix?: string;
  readonly warnings: readonly string[];
}

/** Headers of an app's server. */
export type Headers = Readonly<Record<string, string>>;

/** How an app uses the package, without any configuration: from its folder to an app on a server. */
type Way = (folder: string, headers: Headers) => Promise<App & { readonly warnings: readonly string[] }>;

/** A way that builds files for a static server. */
const built =
  (build: (folder: string) => Promise<Site> | Site): Way =>
  async (folder, headers) => {
    const { folder: site, prefix = "/", warnings } = await build(folder);
    const { origin, served, close } = await serve(site, { prefix, headers });
    return { url: `${origin}${prefix}`, served, close, warnings };
  };

const viteBuild = (prefix: string, ...words: readonly string[]): Way =>
  built(async (folder) => {
    const { stdout, stderr } = await runWell(process.execPath, [tool("vite/bin/vite.js"), "build", ...words], folder);
    return { folder: join(folder, "dist"), prefix, warnings: warningsIn(stdout + stderr) };
  });

/** A page that calls the functions in its own thread. */
export const viteFunctions: Way = built(async (folder) => {
  setScripts(folder, '<script type="module" src="./src/functions.js"></script>');
  const { stdout, stderr } = await runWell(process.execPath, [tool("vite/bin/vite.js"), "build"], folder);
  return { folder: join(folder, "dist"), warnings: warningsIn(stdout + stderr) };
});

/** A server of Vite for developing. Its headers can't be set without a configuration. */
const viteDev: Way = async (folder) => {
  const child = spawn(process.execPath, [tool("vite/bin/vite.js"), "--host=127.0.0.1", "--port=0"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(output);
        if (found) resolve(found[0]);
      });
    child.on("close", () => reject(new Error(`vite: expected a URL, got:\n${output}`)));
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      child.on("close", () => resolve());
      child.kill();
    });
  return {
    url,
    served: undefined,
    close,
    get warnings() {
      return warningsIn(output);
    },
  };
};

const webpackBuild = built(async (folder) => {
  const stats = await new Promise<webpack.Stats>((resolve, reject) => {
    // As in the app's folder: its defaults are those of the command, which run there.
    webpack({ context: folder, mode: "production", output: { path: join(folder, "dist") } }, (error, result) =>
      result ? resolve(result) : reject(error),
    );
  });
  const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
  setScripts(folder, '<script src="main.js"></script>', "dist");
  // Hints that a file is large concern the app, not us.
  const others = warnings.filter(({ message }) => !/\b(size|performance)\b.*(limit|recommended)/s.test(message));
  return { folder: join(folder, "dist"), warnings: others.map(({ message }) => message) };
});

const importMap = built((folder) => {
  setScripts(
    folder,
    `<script type="importmap">{ "imports": { "neft": "/node_modules/neft/dist/browser.js" } }</script>
    <script type="module" src="./src/index.js"></script>`,
  );
  return { folder, warnings: [] };
});

/** The package on a server of another origin, as a CDN is. */
const otherOrigin: Way = async (folder, headers) => {
  const other = await serve(join(folder, "node_modules/neft"), { headers: crossOrigin });
  setScripts(
    folder,
    `<script type="importmap">{ "imports": { "neft": "${other.origin}/dist/browser.js" } }</script>
    <script type="module" src="./src/index.js"></script>`,
  );
  const { origin, close } = await serve(folder, { headers });
  return {
    url: `${origin}/`,
    served: other.served,
    close: async () => {
      await close();
      await other.close();
    },
    warnings: [],
  };
};

const esbuildInline = built(async (folder) => {
  const words = ["src/inline.js", "--bundle", "--format=esm", "--minify", "--outfile=dist/main.js"];
  const { stdout, stderr } = await runWell(process.execPath, [tool("esbuild/bin/esbuild"), ...words], folder);
  setScripts(folder, '<script type="module" src="main.js"></script>', "dist");
  return { folder: join(folder, "dist"), warnings: warningsIn(stdout + stderr) };
});

/** The ways by name. */
export const ways = {
  "vite build": viteBuild("/"),
  "vite build, relative base": viteBuild("/some/folder/", "--base=./"),
  "vite build, base of a folder": viteBuild("/some/folder/", "--base=/some/folder/"),
  "vite dev": viteDev,
  "webpack build": webpackBuild,
  "import map": importMap,
  "import map, other origin": otherOrigin,
  "esbuild, inline": esbuildInline,
} satisfies Record<string, Way>;

export type WayName = keyof typeof ways;

let last = 0;

/** Makes a folder with the app's sources, its data, and the installed package. */
export function writeApp({ temporary, installed, data }: Shared): string {
  const folder = join(temporary, `app-${++last}`);
  cpSync(join(import.meta.dirname, "app"), folder, { recursive: true });
  cpSync(join(installed, "node_modules"), join(folder, "node_modules"), { recursive: true, verbatimSymlinks: true });
  // Vite serves and copies public/; other servers find the files at the page's data/.
  for (const place of ["public/data", "data", "dist/data"]) cpSync(data, join(folder, place), { recursive: true });
  return folder;
}

/** Writes the page with other scripts. */
function setScripts(folder: string, scripts: string, to = "."): void {
  const page = readFileSync(join(folder, "index.html"), "utf8");
  const own = '<script type="module" src="./src/index.js"></script>';
  if (!page.includes(own)) throw new Error(`app: expected ${own} in index.html, got:\n${page}`);
  mkdirSync(join(folder, to), { recursive: true });
  writeFileSync(join(folder, to, "index.html"), page.replace(own, scripts));
}

/** Lines that warn. */
function warningsIn(output: string): string[] {
  return output.split("\n").filter((line) => /warn|\(!\)|▲|error/i.test(line));
}
