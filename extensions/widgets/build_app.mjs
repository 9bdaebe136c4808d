// Bundle src/mcp_app into one page without a network, traaviis_lab/static/mcp_app.html: the same bytes every time.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, process.argv[2] ?? "../../traaviis_lab/static");
const diagram = resolve(here, "../../traaviis_lab/static/diagram.css");

async function bundle(options) {
  const made = await build({
    absWorkingDir: here,
    bundle: true,
    minify: true,
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    write: false,
    ...options,
  });
  return made.outputFiles[0].text.trim();
}

const hash = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
const script = await bundle({ entryPoints: ["src/mcp_app/index.ts"], format: "esm", target: "es2022" });
const sheets = `@import "${diagram}"; @import "./app.css";`;
const style = await bundle({
  stdin: { contents: sheets, loader: "css", resolveDir: resolve(here, "src/mcp_app") },
  target: ["chrome123", "firefox120", "safari17.5"],
});
const parts = { SCRIPT_HASH: hash(script), STYLE_HASH: hash(style), SCRIPT: script, STYLE: style };
const page = await readFile(resolve(here, "src/mcp_app/page.html"), "utf8");
// in one pass, so that nothing in the script is taken for a place to fill in
const filled = page.replace(/%(SCRIPT_HASH|STYLE_HASH|SCRIPT|STYLE)%/g, (_, name) => parts[name]);
await writeFile(resolve(out, "mcp_app.html"), filled);
