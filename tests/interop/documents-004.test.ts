/** A walkthrough of notation as a script, with ours under the name `notation`, and with the real programs. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, it } from "vitest"
import { expectCode, findPeer, havePeers, run } from "./peers.ts"
import { startDockerRegistry, startOurs, type InteropRegistry } from "./registries.ts"

const launcher = fileURLToPath(new URL("../../countersign", import.meta.url))
const script = fileURLToPath(new URL("documents-004.sh", import.meta.url))
const registries = [
  { name: "countersign serve", start: startOurs },
  ...(findPeer("docker-registry") === undefined ? [] : [{ name: "docker-registry 2.8", start: startDockerRegistry }]),
]
/** What stands behind the name `notation`. */
const programs = ["notation", "notation2", "real notation", "real notation2"] as const

describe.runIf(havePeers("oras")).each(registries)("a walkthrough of notation on $name", ({ start }) => {
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

  const present = programs.filter((name) => {
    return name === "real notation" ? havePeers("notation") : name !== "real notation2" || havePeers("notation2")
  })
  it.each(present)("runs with %s", async (program) => {
    const home = join(folder, program)
    const bin = join(home, "bin")
    const work = join(home, "work")
    await mkdir(bin, { recursive: true })
    await mkdir(work)
    const link = join(bin, "notation")
    if (program === "notation") await symlink(launcher, link)
    else if (program === "notation2") {
      // The second line is chosen by the name of the link; the script calls `notation`.
      await symlink(launcher, join(bin, "notation2"))
      await writeFile(link, '#!/bin/sh\nexec notation2 "$@"\n', { mode: 0o755 })
    } else await symlink(findPeer(program === "real notation" ? "notation" : "notation2") ?? "", link)
    await symlink(findPeer("oras") ?? "", join(bin, "oras"))
    const env = {
      PATH: [bin, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
      // Every program here speaks plain http to this name.
      REGISTRY_URL: `localhost:${registry.address.split(":").at(-1) ?? ""}`,
      NOTATION_CONFIG: join(home, "config"),
      HOME: home,
      TZ: "UTC",
    }
    expectCode(await run("/bin/sh", [script], { cwd: work, env }), 0)
    // Artifacts of the same content have the same digest: the next program is to find them unsigned.
    await registry.stop()
    registry = await start()
  })
})
