import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

/** Cross-origin isolation gives shared memory. The page works without it; then each worker copies the samples. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default defineConfig({
  base: "./",
  // neft's WebAssembly and worker are files beside its modules, which prebundling would separate from them.
  optimizeDeps: { exclude: ["neft"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: { headers },
  preview: { headers },
  build: { target: "es2022" },
  plugins: [
    VitePWA({
      registerType: "autoUpdate",
      includeAssets: ["icon.svg"],
      manifest: {
        name: "neft: networks on chips that vary",
        short_name: "neft",
        description: "See how a network behaves on compute-in-memory chips, and make it robust.",
        theme_color: "#0f766e",
        background_color: "#f6f7f9",
        icons: [{ src: "icon.svg", sizes: "any", type: "image/svg+xml" }],
      },
      // Everything that a run needs, so that the page works offline after its first load.
      workbox: { globPatterns: ["**/*.{html,js,css,svg,wasm,onnx,gz}"], globIgnores: ["**/relaxed*.wasm"] },
    }),
  ],
});
