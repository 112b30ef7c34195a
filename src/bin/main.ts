import { existsSync } from "node:fs"
import { enableCompileCache } from "node:module"
import { fileURLToPath } from "node:url"
import { EXIT } from "../core/error-catalogue.ts"
import type { CommandLineStyle } from "../faces/command-line/run-program.ts"
import type { Program } from "../faces/command.ts"
import { runProgram } from "../faces/command-line/run-program.ts"
import { createWorld } from "./world.ts"

interface Face {
  readonly style: CommandLineStyle
  readonly load: () => Promise<Program>
  /** Offered by the completion of our own program; absent = only known under its name. */
  readonly about?: string
}

/** Programs by the name they are started under, or by the first word after `countersign`. */
const faces: Readonly<Record<string, Face>> = {
  cosign: {
    style: "cobra",
    about: "command lines of cosign 3",
    load: async () => (await import("../faces/cosign/program.ts")).cosignProgram,
  },
  // Machines with both generations name the newer one so.
  cosign3: { style: "cobra", load: async () => (await import("../faces/cosign/program.ts")).cosignProgram },
  cosign2: {
    style: "cobra",
    about: "command lines of cosign 2",
    load: async () => (await import("../faces/cosign/program.ts")).cosign2Program,
  },
  notation: {
    style: "cobra",
    about: "command lines of notation 1.3",
    load: async () => (await import("../faces/notation/program.ts")).notationProgram,
  },
  notation2: {
    style: "cobra",
    about: "command lines of notation 2.0",
    load: async () => (await import("../faces/notation/program.ts")).notation2Program,
  },
  conformance: {
    style: "own",
    load: async () => (await import("../faces/conformance/program.ts")).conformanceProgram,
  },
  "notation-countersign": {
    style: "own",
    load: async () => (await import("../faces/notation-plugin/program.ts")).notationPluginProgram,
  },
}

const own: Face = {
  style: "own",
  load: async () => ({
    ...(await import("../faces/cli/program.ts")).countersignProgram,
    faces: Object.entries(faces).flatMap(([word, { about, load }]) =>
      about === undefined ? [] : [{ word, about, load }],
    ),
  }),
}

/** Which program is meant: by a symlink's name, by the first word, else our own. */
function chooseFace(name: string, argv: readonly string[]): { face: Face; argv: readonly string[] } {
  const [first, ...rest] = argv
  if (Object.hasOwn(faces, name)) return { face: faces[name] ?? own, argv }
  if (first !== undefined && Object.hasOwn(faces, first)) return { face: faces[first] ?? own, argv: rest }
  return { face: own, argv }
}

/**
 * Keep compiled code where the build made a folder for it, a third of the time until a command starts.
 *
 * SECURITY: the folder lies beside the code, so whoever can write to it could change the code itself.
 */
function keepCompiledCode(): void {
  const folder = fileURLToPath(new URL(".compiled", import.meta.url))
  if (existsSync(folder)) enableCompileCache(folder)
}

async function main(): Promise<number> {
  keepCompiledCode()
  const name = process.env["COUNTERSIGN_NAME"] ?? ""
  delete process.env["COUNTERSIGN_NAME"]
  const launcher = process.env["COUNTERSIGN_LAUNCHER"]
  delete process.env["COUNTERSIGN_LAUNCHER"]
  const { face, argv } = chooseFace(name, process.argv.slice(2))
  const world = createWorld(process, launcher === undefined ? process.argv.slice(0, 2) : [launcher])
  try {
    return await runProgram(await face.load(), argv, world, face.style)
  } finally {
    await world.close()
  }
}

/** Exit code of a program whose reader went away, as shells write it for SIGPIPE. */
const BROKEN_PIPE = 141

// SECURITY: the answer may not be known yet, so a reader that went away (`| head`) never makes it a yes.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? BROKEN_PIPE : EXIT.unknown)
})

// SECURITY: what nobody foresaw is no answer either, neither a yes nor a no.
process.on("uncaughtException", (error) => {
  process.stderr.write(`error: internal error [E_INTERNAL]\n  why       ${String(error.stack ?? error)}\n`)
  process.exit(EXIT.bug)
})

process.exitCode = await main()
