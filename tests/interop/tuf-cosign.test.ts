/** The TUF cache, shared with the real cosign in both directions. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { DAY, TestMirror, textTarget, TRUSTED_ROOT } from "../services/tuf-mirror.ts"
import { type Finished, havePeers, peer, type PeerName } from "./peers.ts"

const offline = { offline: true }
let mirror: TestMirror
let cache = ""

beforeEach(async () => {
  const end = Date.now() + DAY
  mirror = await TestMirror.start({ expires: { root: end, targets: end, snapshot: end, timestamp: end } })
  mirror.now = Date.now()
  cache = join(mirror.folder, "home", ".sigstore", "root")
  writeFileSync(join(mirror.folder, "root.json"), mirror.file("1.root.json"))
  mkdirSync(join(mirror.folder, "home"))
})
afterEach(() => mirror.stop())

function cosign(tool: PeerName, ...args: readonly string[]): Promise<Finished> {
  const env = { HOME: join(mirror.folder, "home"), TUF_ROOT: cache }
  return peer(tool, args, { cwd: mirror.folder, env })
}

describe.skipIf(!havePeers("cosign3"))("cosign 3", () => {
  it("works with the cache that we made, and ours with what it left", async () => {
    await mirror.initialize()
    mirror.asked = []
    const made = await cosign("cosign3", "signing-config", "create", "--with-default-services", "--out", "config.json")
    expect(made.stderr).toBe("")
    expect(made.code).toBe(0)
    expect(readFileSync(join(mirror.folder, "config.json"), "utf8")).toContain("signingconfig.v0.2")
    // It found the metadata and the target in the cache.
    expect(mirror.asked).toEqual(["2.root.json", "timestamp.json"])
    const { source } = await mirror.client().trustedRoot(offline)
    expect(source).toBe("cache")
  })

  it("leaves a cache that we work with, offline and on", async () => {
    const done = await cosign("cosign3", "initialize", "--mirror", mirror.url, "--root", "root.json")
    expect([done.code, done.stderr]).toEqual([0, ""])
    mirror.asked = []
    const kept = await mirror.client().trustedRoot(offline)
    expect([kept.source, kept.mirror, new TextDecoder().decode(kept.bytes)]).toEqual([
      "cache",
      mirror.url,
      TRUSTED_ROOT,
    ])
    expect(Math.abs(kept.refreshedAt - Date.now())).toBeLessThan(DAY)
    expect(mirror.asked).toEqual([])
    await mirror.bump("targets", "snapshot", "timestamp")
    await mirror.publish({
      targets: [textTarget("trusted_root.json", `${TRUSTED_ROOT} `), ...mirror.input.targets.slice(1)],
    })
    expect((await mirror.client().trustedRoot({ offline: false })).bytes).toHaveLength(TRUSTED_ROOT.length + 1)
    const again = await cosign("cosign3", "signing-config", "create", "--with-default-services", "--out", "config.json")
    expect([again.code, again.stderr]).toEqual([0, ""])
  })

  it("refreshes what we then read: the newer of both counts", async () => {
    await mirror.initialize()
    await mirror.bump("root", "targets", "snapshot", "timestamp")
    const done = await cosign("cosign3", "signing-config", "create", "--with-default-services", "--out", "config.json")
    expect(done.code).toBe(0)
    const status = await mirror.client().status(offline)
    expect(status.roles.map(({ version }) => version)).toEqual([2, 2, 2, 2])
  })

  it("makes the same cache as we do", async () => {
    await cosign("cosign3", "initialize", "--mirror", mirror.url, "--root", "root.json")
    const files = (folder: string): readonly string[] =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => !name.includes("countersign"))
        .toSorted()
    const theirs = files(cache)
    const contents = theirs.filter((name) => /(?:root|timestamp|snapshot|targets|remote)\.json$/.test(name))
    await mirror.initialize({ home: "other" })
    const ours = join(mirror.folder, "other", ".sigstore", "root")
    expect(files(ours)).toEqual(theirs)
    for (const name of contents)
      expect(readFileSync(join(ours, name), "utf8")).toBe(readFileSync(join(cache, name), "utf8"))
  })
})

describe.skipIf(!havePeers("cosign2", "cosign3"))("repositories that we build", () => {
  it.each(["cosign2", "cosign3"] as const)("%s initializes with single files", async (tool) => {
    const targets = ["fulcio.crt.pem", "rekor.pub", "ctfe.pub"].map((name, index) =>
      textTarget(name, name, { usage: (["Fulcio", "Rekor", "CTFE"] as const)[index] ?? "Unknown", status: "Active" }),
    )
    await mirror.publish({ targets })
    const done = await cosign(tool, "initialize", "--mirror", mirror.url, "--root", "root.json")
    expect(done.code).toBe(0)
    expect(done.stdout).toContain("Root status:")
    expect(existsSync(join(cache, "targets", "rekor.pub"))).toBe(true)
  })
})
