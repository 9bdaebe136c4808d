// Bundle src/ into traaviis_lab/static: widget.js, costs.js, serving.js and their style sheets, the same bytes every time.
import { build } from "esbuild";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, process.argv[2] ?? "../../traaviis_lab/static");
const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  sourcemap: false,
  logLevel: "warning",
};

const scripts = { widget: "src/index.ts", costs: "src/costs/index.ts", serving: "src/serving/index.ts" };
const styles = { widget: "src/styles/widget.css", costs: "src/costs/costs.css", serving: "src/serving/serving.css" };
const license = "/*! With uPlot, (c) 2022 Leon Sorokin, MIT license: static/uplot.LICENSE.txt */";

for (const [name, entry] of Object.entries(scripts)) {
  await build({
    ...common,
    entryPoints: [entry],
    outfile: resolve(out, `${name}.js`),
    banner: name === "costs" ? { js: license } : {},
    format: "esm",
    target: "es2022",
  });
}
for (const [name, entry] of Object.entries(styles)) {
  await build({
    ...common,
    entryPoints: [entry],
    outfile: resolve(out, `${name}.css`),
    target: ["chrome111", "firefox113", "safari16.4"],
  });
}
