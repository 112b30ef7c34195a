/** The command lines of cosign's README as a script, with ours under the name `cosign`. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, it } from "vitest"
import { expectCode, findPeer, havePeers, run } from "./peers.ts"
import { startDockerRegistry, startOurs, type InteropRegistry } from "./registries.ts"

const launcher = fileURLToPath(new URL("../../countersign", import.meta.url))
const script = fileURLToPath(new URL("documents-003.sh", import.meta.url))
const ready = havePeers("oras", "crane")
const registries = [
  { name: "countersign serve", start: startOurs },
  ...(findPeer("docker-registry") === undefined ? [] : [{ name: "docker-registry 2.8", start: startDockerRegistry }]),
]

/** Reads as strictly as JSON.parse and prints as jq does. */
const JQ = `#!/usr/bin/env node
const { readFileSync } = require("node:fs")
const text = readFileSync(0, "utf8")
const documents = text.trim().startsWith("[") || !text.trim().includes("\\n{") ? [text] : text.trim().split("\\n")
for (const document of documents) console.log(JSON.stringify(JSON.parse(document), null, 2))
`

async function executable(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await chmod(path, 0o755)
}

describe.runIf(ready).each(registries)("cosign's README on $name", ({ start }) => {
  let registry: InteropRegistry
  let folder: string

  beforeAll(async () => {
    registry = await start()
    folder = await mkdtemp(join(tmpdir(), "countersign-documents-"))
  })
  afterAll(async () => {
    await registry.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it.each(["3", "2"])("runs as written with cosign %s.x", async (generation) => {
    const bin = join(folder, `bin${generation}`)
    const home = join(folder, `home${generation}`)
    await mkdir(bin)
    await mkdir(home)
    await executable(join(bin, "jq"), JQ)
    // Started as `cosign` the program is the face of 3.x; for 2.x it is called by its full name.
    if (generation === "3") await symlink(launcher, join(bin, "cosign"))
    else await executable(join(bin, "cosign"), `#!/bin/sh\nexec '${launcher}' cosign2 "$@"\n`)
    for (const name of ["oras", "crane"] as const) {
      const path = findPeer(name)
      if (path !== undefined) await symlink(path, join(bin, name))
    }
    const env = {
      PATH: [bin, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
      // Every program here speaks plain http to this name.
      REGISTRY: `localhost:${registry.address.split(":").at(-1) ?? ""}`,
      GENERATION: generation,
    }
    const work = join(home, "work")
    await mkdir(work)
    expectCode(await run("/bin/sh", [script], { cwd: work, env: { ...env, HOME: home } }), 0)
  })
})
