// Builds the page into the Python package, whose wheel brings it along: file names are fixed and
// nothing depends on the time or place, so that a rebuild of the same sources gives the same bytes.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

const out = resolve(import.meta.dirname, "../src/web/static");
const examples = resolve(import.meta.dirname, "../docs/examples");
const shipped = ["openchemlib", "preact", "@preact/signals", "@preact/signals-core", "swagger-ui-dist"];

/** Puts beside the page what is not bundled: the API's documentation, examples, licences. */
function companions(): Plugin {
  return {
    name: "companions",
    generateBundle(_, bundle) {
      delete bundle["resources.json"]; // of OpenChemLib's property models and conformers, not of its editor
    },
    closeBundle() {
      const swagger = "node_modules/swagger-ui-dist";
      for (const name of ["swagger-ui-bundle.js", "swagger-ui.css"]) {
        const text = readFileSync(`${swagger}/${name}`, "utf8");
        writeFileSync(`${out}/${name}`, text.replace(/\n?(\/\/|\/\*)# sourceMappingURL=.*\n?$/, "\n"));
      }
      copyFileSync("icon.svg", `${out}/icon.svg`);
      for (const name of ["unknown.msp", "candidates.smi"]) copyFileSync(`${examples}/${name}`, `${out}/${name}`);
      const licences = shipped.map((name) => {
        const folder = `node_modules/${name}`;
        const about = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
        const notice = name === "swagger-ui-dist" ? readFileSync(`${folder}/NOTICE`, "utf8") : "";
        return `${name} ${about.version} (${about.license})\n\n${notice}${readFileSync(`${folder}/LICENSE`, "utf8")}`;
      });
      const head = "What the page is built of, beside NExtIMS itself (MIT).\n";
      const msp =
        "unknown.msp: MassBank record MSBNK-MSSJ-MSJ01044; Shimadzu Corporation, Kyoto, Japan, CC BY; its name taken off\n";
      writeFileSync(`${out}/LICENSES.txt`, [head, ...licences, msp].join(`\n${"-".repeat(80)}\n`));
    },
  };
}

export default defineConfig({
  base: "/",
  publicDir: false,
  plugins: [companions()],
  build: {
    outDir: out,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    chunkSizeWarningLimit: 1500,
    rollupOptions: {
      input: { index: resolve(import.meta.dirname, "index.html"), docs: resolve(import.meta.dirname, "docs.html") },
      output: {
        entryFileNames: (chunk) => (chunk.name === "index" ? "app.js" : "docs.js"),
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
  server: { proxy: Object.fromEntries(["/predict", "/annotate", "/compare", "/rank", "/label", "/export", "/read", "/health"].map((path) => [path, "http://127.0.0.1:8470"])) },
});
