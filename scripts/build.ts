/**
 * Builds what runs and what is published.
 *
 *   build.ts cli [FOLDER [METAFILE]]   dist/cli, or another folder: the command in chunks that are loaded on need
 *   build.ts package                   dist/package: the npm package (command, library, types)
 */
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { dirname } from "node:path"
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

/** @param metafile - where to say what went into which chunk. */
async function buildCli(outdir: string, metafile?: string): Promise<void> {
  const facts = gitFacts()
  const result = await build({
    entryPoints: { countersign: `${root}src/bin/main.ts` },
    outdir,
    write: false,
    metafile: true,
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
  writeBundle(outdir, result.outputFiles)
  if (metafile !== undefined) writeFileSync(metafile, JSON.stringify(result.metafile))
}

/** Milliseconds after which no process can still want the chunks of an earlier build. */
const STALE_MS = 60 * 60 * 1000

/** Commands of the build before may be running and load chunks later: the new ones come beside them, the entry last. */
function writeBundle(outdir: string, files: readonly { readonly path: string; readonly contents: Uint8Array }[]): void {
  mkdirSync(`${outdir}/chunks`, { recursive: true })
  for (const { path, contents } of files.toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
    writeFileSync(`${path}.new`, contents)
    renameSync(`${path}.new`, path)
  }
  const current = new Set(files.map(({ path }) => path))
  for (const name of readdirSync(`${outdir}/chunks`)) {
    const path = `${outdir}/chunks/${name}`
    if (!current.has(path) && statSync(path).mtimeMs < Date.now() - STALE_MS) rmSync(path)
  }
  // Compiled code, kept by the runs of this build.
  rmSync(`${outdir}/.compiled`, { recursive: true, force: true })
  mkdirSync(`${outdir}/.compiled`)
  // Without a package file near by, Node looks for one in every folder above, or guesses what the files are.
  writeFileSync(`${outdir}/package.json`, '{ "type": "module" }\n')
  writeFileSync(`${outdir}/.stamp`, "")
}

function isEntry({ path }: { readonly path: string }): boolean {
  return !path.includes("/chunks/")
}

function buildPackage(): void {
  const outdir = `${root}dist/package`
  rmSync(outdir, { recursive: true, force: true })
  mkdirSync(outdir, { recursive: true })
  execFileSync(process.execPath, [`${root}node_modules/typescript-7/bin/tsc`, "-p", `${root}tsconfig.library.json`], {
    cwd: root,
    stdio: "inherit",
  })
  shipTrustData(`${outdir}/lib/io/services/tuf/shipped.js`)
  for (const file of ["README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"])
    cpSync(`${root}${file}`, `${outdir}/${file}`)
  mkdirSync(`${outdir}/bin`)
  cpSync(`${root}scripts/countersign.cjs`, `${outdir}/bin/countersign.cjs`)
  chmodSync(`${outdir}/bin/countersign.cjs`, 0o755)
  writeFileSync(`${outdir}/package.json`, `${JSON.stringify(publishedManifest(), null, 2)}\n`)
}

/** The root of the public instance lies in a development package: the library gets a copy beside the module that reads it. */
function shipTrustData(module: string): void {
  const source = readFileSync(module, "utf8")
  const local = source.replace("@sigstore/tuf/seeds.json", "./seeds.json")
  if (local === source) throw new Error(`${module} does not read the trust data that is to be shipped`)
  writeFileSync(module, local)
  cpSync(`${root}node_modules/@sigstore/tuf/seeds.json`, `${dirname(module)}/seeds.json`)
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
if (what === "cli") await buildCli(process.argv[3] ?? `${root}dist/cli`, process.argv[4])
else if (what === "package") {
  buildPackage()
  await buildCli(`${root}dist/package/cli`)
  rmSync(`${root}dist/package/cli/.compiled`, { recursive: true })
} else {
  process.stderr.write("usage: build.ts cli [FOLDER [METAFILE]]|package\n")
  process.exitCode = 2
}
