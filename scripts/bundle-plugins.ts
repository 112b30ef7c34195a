/** What the bundle of the command does differently from the sources, so that it starts fast. */
import { readdirSync, readFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import type { Plugin } from "esbuild"

/** Modules that are loaded together although the sources import them one by one. */
export interface ChunkGroup {
  readonly name: string
  /** Paths below `src`, without `.ts`. */
  readonly modules: RegExp
}

/**
 * Every chunk costs about half a millisecond at start, whatever its size, and each lazy import divides what several
 * share into further chunks. Commands that work on artifacts need nearly the same code; they share one.
 */
export const chunkGroups: readonly ChunkGroup[] = [
  { name: "commands", modules: /^faces\/cli\/commands\/(?!completion|demo|login|serve|version)/ },
  { name: "small-commands", modules: /^faces\/cli\/commands\/(?:completion|demo|login|serve|version)$/ },
  {
    name: "cosign-commands",
    modules:
      /^faces\/cosign\/commands\/(?!completion|env|login|version|bundle-|initialize|signing-config-|trusted-root-)/,
  },
  {
    name: "cosign-trust-commands",
    modules: /^faces\/cosign\/commands\/(?:bundle-|initialize|signing-config-|trusted-root-)/,
  },
  {
    name: "small-cosign-commands",
    modules: /^faces\/cosign\/(?:run-face-command|commands\/(?:completion|env|login|version))$/,
  },
  { name: "plugin-commands", modules: /^faces\/notation-plugin\/(?:keys|metadata)$/ },
  {
    name: "network",
    modules: /^io\/(?:net\/(?:http-client|tls|proxy)|registry\/auth\/(?:authed-client|credentials|auth-files|helper))$/,
  },
  { name: "signing", modules: /^crypto\/(?:cosign-key-file|local-key)$/ },
]

const LAZY_IMPORT = /\bimport\("(\.[^"]+)"\)/g

/** Turn `import("./x.ts")` of a group's member into an import of the whole group; reach Node's modules directly. */
export function sourceRewriting(sources: string, groups: readonly ChunkGroup[]): Plugin {
  const nameOf = (path: string): string => relative(sources, path).replace(/\.ts$/, "")
  const groupOf = (path: string): string | undefined => groups.find(({ modules }) => modules.test(nameOf(path)))?.name
  const exportName = (path: string): string => nameOf(path).replace(/[^a-z0-9]/gi, "_")
  const lazily = lazyImports(sources)
  return {
    name: "source-rewriting",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!path.startsWith(sources)) return undefined
        const contents = (await readFile(path, "utf8")).replace(LAZY_IMPORT, (whole, specifier: string) => {
          const target = join(dirname(path), specifier)
          const group = groupOf(target)
          return group === undefined ? whole : `import("group:${group}").then((all) => all.${exportName(target)})`
        })
        return { contents: directBuiltins(contents), loader: "ts" as const }
      })
      build.onResolve({ filter: /^group:/ }, ({ path }) => ({ path: path.slice("group:".length), namespace: "group" }))
      build.onLoad({ filter: /.*/, namespace: "group" }, ({ path }) => ({
        contents: lazily
          .filter((file) => groupOf(file) === path)
          .map((file) => `export * as ${exportName(file)} from ${JSON.stringify(file)}`)
          .join("\n"),
        resolveDir: sources,
      }))
    },
  }
}

/** Files that anything below `folder` imports lazily. */
function lazyImports(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => join(folder, name))
  const found = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(LAZY_IMPORT)].map((match) => join(dirname(file), match[1] ?? "")),
  )
  return [...new Set(found)].toSorted()
}

/** An import statement of a Node module as prettier writes it. */
const BUILTIN_IMPORT = /^import (?!type )\{([^}]*)\} from ("node:[^"]+")$/gm

/**
 * Take Node's own modules from the process instead of importing them. An import statement reads every export, and some
 * are getters that load much more: `node:http` brings a whole WebSocket client, 10 ms.
 */
function directBuiltins(source: string): string {
  return source.replace(BUILTIN_IMPORT, (_, names: string, module: string) => {
    const values = names.split(",").filter((name) => name.trim() !== "" && !name.trim().startsWith("type "))
    const pattern = values.map((name) => name.trim().replace(" as ", ": ")).join(", ")
    return `const { ${pattern} } = process.getBuiltinModule(${module})`
  })
}

/** Parts of undici behind switches that our transport never turns on: HTTP/2 and form data. */
const UNUSED = /undici\/lib\/(?:dispatcher\/client-h2|web\/fetch\/(?:body|formdata)|web\/webidl\/index)\.js$/

/** Leave out what cannot be reached; should it be reached after all, it fails. */
export const withoutUnused: Plugin = {
  name: "without-unused",
  setup(build) {
    build.onLoad({ filter: UNUSED }, ({ path }) => ({
      contents: `module.exports = () => { throw new Error(${JSON.stringify(`${path.slice(path.indexOf("undici/"))} is not in this build`)}) }`,
      loader: "js",
    }))
  },
}
