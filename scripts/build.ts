/**
 * Builds what runs and what is published.
 *
 *   build.ts cli       dist/cli: the command, one lazy chunk per command
 *   build.ts package   dist/package: the npm package (command, library, types)
 */
import { execFileSync } from "node:child_process"
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { chunkGroups, sourceRewriting, withoutUnused } from "./bundle-plugins.ts"

const root = fileURLToPath(new URL("../", import.meta.url))
const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  version: string
  description: string
  dependencies: Record<string, string>
  engines: Record<string, string>
}

/** Commit and tree state, where the build runs in a checkout. */
function gitFacts(): { commit: string; treeState: string; date: string } {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim()
  try {
    const treeState = git("status", "--porcelain") === "" ? "clean" : "dirty"
    return { commit: git("rev-parse", "HEAD"), treeState, date: git("log", "-1", "--format=%cI") }
  } catch {
    return { commit: "unknown", treeState: "unknown", date: "unknown" }
  }
}

async function buildCli(outdir: string): Promise<void> {
  const facts = gitFacts()
  rmSync(outdir, { recursive: true, force: true })
  await build({
    entryPoints: { countersign: `${root}src/bin/main.ts` },
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22.22",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "warning",
    chunkNames: "chunks/[name]-[hash]",
    plugins: [sourceRewriting(`${root}src`, chunkGroups), withoutUnused],
    // Bundled CommonJS packages call require() for Node's own modules.
    banner: {
      js: 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);',
    },
    define: {
      // undici's own switch for builds without its experimental parser.
      esbuildDetection: "true",
      "globalThis.COUNTERSIGN_BUILD": JSON.stringify({ version: manifest.version, ...facts }),
    },
  })
  writeFileSync(`${outdir}/.stamp`, "")
}

function buildPackage(): void {
  const outdir = `${root}dist/package`
  rmSync(outdir, { recursive: true, force: true })
  mkdirSync(outdir, { recursive: true })
  execFileSync(process.execPath, [`${root}node_modules/typescript-7/bin/tsc`, "-p", `${root}tsconfig.library.json`], {
    cwd: root,
    stdio: "inherit",
  })
  cpSync(`${root}dist/cli`, `${outdir}/cli`, { recursive: true })
  for (const file of ["README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"])
    cpSync(`${root}${file}`, `${outdir}/${file}`)
  mkdirSync(`${outdir}/bin`)
  cpSync(`${root}scripts/countersign.cjs`, `${outdir}/bin/countersign.cjs`)
  chmodSync(`${outdir}/bin/countersign.cjs`, 0o755)
  writeFileSync(`${outdir}/package.json`, `${JSON.stringify(publishedManifest(), null, 2)}\n`)
}

/** The published manifest: no development tools, no Node binaries. */
function publishedManifest(): object {
  const entry = (path: string): object => ({ types: `./lib/${path}.d.ts`, default: `./lib/${path}.js` })
  return {
    name: "countersign",
    version: manifest.version,
    description: manifest.description,
    license: "Apache-2.0",
    type: "module",
    engines: manifest.engines,
    bin: { countersign: "bin/countersign.cjs" },
    exports: {
      ".": entry("index"),
      "./registry": entry("registry"),
      "./testing": entry("testing/index"),
      "./package.json": "./package.json",
    },
    dependencies: manifest.dependencies,
  }
}

const what = process.argv[2]
if (what === "cli") await buildCli(`${root}dist/cli`)
else if (what === "package") {
  await buildCli(`${root}dist/cli`)
  buildPackage()
} else {
  process.stderr.write("usage: build.ts cli|package\n")
  process.exitCode = 2
}
