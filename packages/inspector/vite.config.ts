/** One page of fixed file names, byte for byte the same wherever it is built: it is committed. */
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  publicDir: "public",
  // The engine comes from the package's sources, as the tests run them.
  resolve: { conditions: ["sysmem:source", "module", "browser", "production"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    outDir: "../sysmem/assets/inspector",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        entryFileNames: "inspector.js",
        chunkFileNames: "[name].js",
        assetFileNames: "inspector[extname]",
      },
    },
  },
});
