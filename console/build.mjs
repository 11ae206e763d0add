// Bundles the console into internal/console/dist, from where Go embeds it.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "../internal/console/dist");
mkdirSync(dist, { recursive: true });
const { metafile } = await build({
  metafile: true,
  absWorkingDir: here,
  entryPoints: { app: "src/main.tsx" },
  splitting: true, // the editor is a bundle of its own
  chunkNames: "[name]",
  outdir: dist,
  bundle: true,
  format: "esm",
  target: ["chrome109", "firefox115", "safari16.4"],
  minify: true,
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
});
for (const name of ["index.html", "icon.svg"]) copyFileSync(join(here, "src", name), join(dist, name));

// The licenses of what was bundled demand that their texts come with it.
const packages = new Set(Object.keys(metafile.inputs).flatMap((f) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(f)?.[1] ?? []));
const notices = [...packages].sort().map((name) => {
  const dir = join(here, "node_modules", name);
  const file = readdirSync(dir).find((f) => /^licen[cs]e/i.test(f));
  return `${name}\n\n${readFileSync(join(dir, file), "utf8").trim()}\n`;
});
writeFileSync(join(dist, "licenses.txt"), notices.join("\n---\n\n"));
