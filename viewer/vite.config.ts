// Two bundles of the same sources, put into the Python package: a page with everything in one file, and a module
// that a notebook loads. Neither asks the network for anything.

import { defineConfig, type UserConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

import { notices } from "./notices";

const BUILT = "../src/edgewise/pages/built";

const page: UserConfig = {
  plugins: [notices(), viteSingleFile({ removeViteModuleLoader: true })],
  build: { outDir: BUILT, emptyOutDir: false, rollupOptions: { input: "page.html" } },
};

const widget: UserConfig = {
  plugins: [notices()],
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: BUILT,
    emptyOutDir: false,
    rolldownOptions: { output: { minify: true } },
    lib: { entry: "src/widget.tsx", formats: ["es"], fileName: () => "widget.js", cssFileName: "widget" },
  },
};

export default defineConfig(({ mode }) => (mode === "widget" ? widget : page));
