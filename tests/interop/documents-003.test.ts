/** The command lines of cosign's README as a script, with ours and the real ones under the name `cosign`, and a sandbox. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, it } from "vitest"
import { startTestSandbox, type TestSandbox } from "../../src/testing/index.ts"
import { expectCode, findPeer, havePeers, run } from "./peers.ts"
import { startDockerRegistry, startOurs, type InteropRegistry } from "./registries.ts"

const launcher = fileURLToPath(new URL("../../countersign", import.meta.url))
const script = fileURLToPath(new URL("documents-003.sh", import.meta.url))
const login = new URL("../../src/testing/sandbox/sandbox-login.ts", import.meta.url).href
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

/** What a person does whose browser is told to open a page. A browser is started and goes its own way. */
const OPEN = `#!/bin/sh
node "$(dirname "$0")/browser.mjs" "$1" >/dev/null 2>&1 </dev/null &
`
const BROWSER = `
import { sandboxLogin } from ${JSON.stringify(login)}
const target = await sandboxLogin((request) => fetch(request, { redirect: "manual" })).authorize(process.argv[2], process.env.IDENTITY)
const page = await (await fetch(target)).text()
if (!/sigstore|identity verified/i.test(page)) throw new Error(page)
`

async function executable(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await chmod(path, 0o755)
}

/** A program that the script calls `cosign`. Ours is the face of 3.x under that name, of 2.x by its full name. */
async function cosignIn(bin: string, generation: string, ours: boolean): Promise<void> {
  const path = join(bin, "cosign")
  if (!ours) await symlink(findPeer(generation === "3" ? "cosign3" : "cosign2") ?? "", path)
  else if (generation === "3") await symlink(launcher, path)
  else await executable(path, `#!/bin/sh\nexec '${launcher}' cosign2 "$@"\n`)
}

describe.runIf(ready).each(registries)("cosign's README on $name", ({ start }) => {
  let registry: InteropRegistry
  let sandbox: TestSandbox
  let folder: string

  beforeAll(async () => {
    registry = await start()
    sandbox = await startTestSandbox()
    folder = await mkdtemp(join(tmpdir(), "countersign-documents-"))
  })
  afterAll(async () => {
    await registry.stop()
    await sandbox.close()
    await rm(folder, { recursive: true, force: true })
  })

  const real = havePeers("cosign2", "cosign3")
    ? ([
        ["3", "cosign 3"],
        ["2", "cosign 2"],
      ] as const)
    : []
  it.each([["3", "ours as cosign 3.x"], ["2", "ours as cosign 2.x"], ...real] as const)(
    "runs as written, generation %s: %s",
    async (generation, program) => {
      const ours = program.startsWith("ours")
      const home = join(folder, program.replaceAll(" ", "-"))
      const bin = join(home, "bin")
      await mkdir(bin, { recursive: true })
      await executable(join(bin, "jq"), JQ)
      await writeFile(join(bin, "browser.mjs"), BROWSER)
      await executable(join(bin, "xdg-open"), OPEN)
      await cosignIn(bin, generation, ours)
      for (const name of ["oras", "crane"] as const) {
        const path = findPeer(name)
        if (path !== undefined) await symlink(path, join(bin, name))
      }
      const { fulcio, rekor, oidc, tuf } = sandbox.services
      const env = {
        PATH: [bin, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
        // Every program here speaks plain http to this name.
        REGISTRY: `localhost:${registry.address.split(":").at(-1) ?? ""}`,
        GENERATION: generation,
        OURS: ours ? "yes" : "no",
        COSIGN_MIRROR: tuf,
        COSIGN_ROOT: sandbox.files.tufRoot,
        FULCIO: fulcio,
        REKOR: rekor,
        OIDC_ISSUER: oidc,
        IDENTITY: "alice@example.com",
        CERT_IDENTITY: "ci@example.com",
        TOKEN: await sandbox.token({ email: "ci@example.com" }),
        DISPLAY: ":0",
      }
      const work = join(home, "work")
      await mkdir(work)
      expectCode(await run("/bin/sh", [script], { cwd: work, env: { ...env, HOME: home } }), 0)
    },
  )
})
