import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { isFileLoadingAllowed, type Plugin } from "vite";

/**
 * Gives tests in browsers the repository's files: `node-fs.ts` requests them at `/@files/PATH`, a folder as the list of its names. Vite
 * itself would send sources compiled, and has no lists.
 *
 * A test's `import.meta.url` becomes a file URL with the repository as its root, because Vite takes `new URL("folder/",
 * import.meta.url)` for an asset and the slash off its end.
 */
export function repositoryFiles(root: string): Plugin {
  return {
    name: "repository-files",
    enforce: "pre",
    configureServer({ middlewares, config }) {
      middlewares.use("/@files", ({ url = "/" }, response) => {
        const path = join(root, decodeURIComponent(url));
        if (!existsSync(path) || !isFileLoadingAllowed(config, path.split(sep).join("/"))) {
          response.statusCode = 404;
          response.end();
        } else {
          response.end(statSync(path).isDirectory() ? JSON.stringify(readdirSync(path)) : readFileSync(path));
        }
      });
    },
    transform(code, id) {
      const path = relative(root, id.split("?")[0]!).split(sep).join("/");
      if (!/^packages\/[^/]+\/test\//.test(path)) return undefined;
      return { code: code.replaceAll("import.meta.url", JSON.stringify(`file:///${path}`)), map: null };
    },
  };
}
