// Bundle src/ into traaviis_lab/static/widget.js and widget.css, the same bytes every time.
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

await build({
  ...common,
  entryPoints: ["src/index.ts"],
  outfile: resolve(out, "widget.js"),
  format: "esm",
  target: "es2022",
});
await build({
  ...common,
  entryPoints: ["src/styles/widget.css"],
  outfile: resolve(out, "widget.css"),
  target: ["chrome111", "firefox113", "safari16.4"],
});
