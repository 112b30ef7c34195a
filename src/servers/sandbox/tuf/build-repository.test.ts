import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Updater } from "tuf-js"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { SigningKey } from "../../../core/ports.ts"
import { generatePrivateKey, type KeyName } from "../../../crypto/generate.ts"
import { localSigningKey } from "../../../crypto/local-key.ts"
import { buildTufRepository, type TufRepository } from "./build-repository.ts"

const expires = Date.now() + 86_400_000
let files: TufRepository["files"] = new Map()
let url = ""
let folder = ""
const server = createServer((request, response) => {
  const bytes = files.get(decodeURIComponent((request.url ?? "").slice(1)))
  response.statusCode = bytes === undefined ? 404 : 200
  response.end(bytes)
})

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tuf-build-"))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

async function key(name: KeyName): Promise<SigningKey> {
  return localSigningKey(await generatePrivateKey(name))
}

it.each<KeyName>(["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"])(
  "builds what another client accepts, signed with %s",
  async (name) => {
    const [root, other, online] = [await key(name), await key(name), await key(name)]
    const keys = { root: [root, other], targets: [root], snapshot: [online], timestamp: [online] }
    const all = { root: expires, targets: expires, snapshot: expires, timestamp: expires }
    const targets = [{ name: "a.txt", bytes: new TextEncoder().encode("hello") }]
    const repository = await buildTufRepository({ keys, targets, expires: all, thresholds: { root: 2 } })
    files = repository.files
    const home = join(folder, name)
    mkdirSync(home)
    writeFileSync(join(home, "root.json"), repository.root)
    const updater = new Updater({
      metadataDir: home,
      targetDir: join(home, "targets"),
      metadataBaseUrl: url,
      targetBaseUrl: `${url}/targets`,
    })
    await updater.refresh()
    const target = await updater.getTargetInfo("a.txt")
    expect(target?.length).toBe(5)
    const path = await updater.downloadTarget(target!, join(home, "a.txt"))
    expect(readFileSync(path, "utf8")).toBe("hello")
  },
)

it("lists every file under the name clients ask for", async () => {
  const online = await key("ecdsa-p256")
  const keys = { root: [online], targets: [online], snapshot: [online], timestamp: [online] }
  const all = { root: expires, targets: expires, snapshot: expires, timestamp: expires }
  const targets = [{ name: "folder/a.txt", bytes: new Uint8Array() }]
  const versions = { root: 3, targets: 4, snapshot: 5, timestamp: 6 }
  const repository = await buildTufRepository({ keys, targets, expires: all, versions })
  const empty = createHash("sha256").update("").digest("hex")
  expect([...repository.files.keys()].filter((path) => !/[0-9a-f]{128}/.test(path))).toEqual([
    "3.root.json",
    "root.json",
    "4.targets.json",
    "targets.json",
    `targets/folder/${empty}.a.txt`,
    "targets/folder/a.txt",
    "5.snapshot.json",
    "snapshot.json",
    "timestamp.json",
  ])
})
