import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import { bundleFiles } from "../../formats/index.ts"
import type { AppContext } from "../requests.ts"
import { upgradeBundle, type UpgradeStep } from "./upgrade-bundle.ts"

const folder = new URL("../../../../shared/vectors/sigstore-js-bundles/", import.meta.url)
const present = existsSync(folder)
if (!present) console.warn(`skipped: no vectors in ${folder.pathname}`)

const LOG = "https://log.example"
const proof = {
  logIndex: 4n,
  rootHash: new Uint8Array(32),
  treeSize: 5n,
  hashes: [new Uint8Array(32)],
  checkpoint: "log.example\n5\nAAAA\n\n— log.example AAAA\n",
}

interface Upgraded {
  readonly steps: readonly UpgradeStep[]
  readonly asked: readonly string[]
  readonly bytes: Uint8Array
}

/** @param change - what the log has in the entry's place. */
async function upgrade(name: string, change: (entry: LogEntry) => LogEntry): Promise<Upgraded> {
  const bytes = new Uint8Array(readFileSync(new URL(name, folder)))
  const { logEntries } = (await bundleFiles.load()).readBundle(bytes)
  const asked: string[] = []
  const entryAt = (url: string, index: bigint): Promise<LogEntry> => {
    asked.push(`${url} ${index}`)
    const entry = logEntries.find(({ logIndex }) => logIndex === index)
    if (entry === undefined) return Promise.reject(new ToolError("E_SERVICE_REFUSED", { what: "no such entry" }))
    return Promise.resolve(change(entry))
  }
  const app = { sigstore: { logs: { entryAt } } } as unknown as AppContext
  const steps: UpgradeStep[] = []
  const upgraded = await upgradeBundle(app, bytes, LOG, (step) => {
    steps.push(step)
    return Promise.resolve()
  })
  return { steps, asked, bytes: upgraded }
}

describe.skipIf(!present)("upgradeBundle", () => {
  const NO_PROOF = "bundleV01-dsse-no-proof.sigstore"

  it("fetches a proof where there is a promise alone, and keeps the leaf alone", async () => {
    const { steps, asked, bytes } = await upgrade(NO_PROOF, (entry) => ({ ...entry, inclusionProof: proof }))
    expect(steps).toEqual([
      { kind: "upgrade", from: "0.1" },
      { kind: "leaf", names: ["brian@dehamer.com"] },
      { kind: "proof", logIndex: 27246114n },
    ])
    expect(asked).toEqual([`${LOG} 27246114`])
    const made = JSON.parse(new TextDecoder().decode(bytes)) as {
      readonly mediaType: string
      readonly verificationMaterial: { readonly tlogEntries: readonly object[] }
    }
    expect(made.mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json")
    expect(Object.keys(made.verificationMaterial)).toEqual(["certificate", "tlogEntries"])
    expect(made.verificationMaterial.tlogEntries[0]).toMatchObject({ inclusionProof: { logIndex: "4", treeSize: "5" } })
  })

  it("names every certificate of a chain", async () => {
    const { steps } = await upgrade("bundleV01-full-cert-chain.sigstore", (entry) => ({
      ...entry,
      inclusionProof: proof,
    }))
    expect(steps[1]).toEqual({
      kind: "leaf",
      names: ["brian@dehamer.com", "CN=sigstore-intermediate,O=sigstore.dev", "CN=sigstore,O=sigstore.dev"],
    })
  })

  it("leaves a bundle of version 0.3 as it is and asks nobody", async () => {
    const { steps, asked, bytes } = await upgrade("bundleV03-intoto.sigstore", () => {
      throw new Error("not asked")
    })
    expect(steps).toEqual([{ kind: "current" }])
    expect(asked).toEqual([])
    expect(Buffer.from(bytes).equals(readFileSync(new URL("bundleV03-intoto.sigstore", folder)))).toBe(true)
  })

  const other = Uint8Array.of(1, 2, 3)
  it.each<[string, Partial<LogEntry>]>([
    ["another content", { canonicalizedBody: other }],
    ["another log", { logId: other }],
  ])("refuses %s in the entry's place", async (_name, change) => {
    const answer = upgrade(NO_PROOF, (entry) => ({ ...entry, inclusionProof: proof, ...change }))
    await expect(answer).rejects.toMatchObject({ code: "E_TLOG_ENTRY_MISMATCH" })
  })

  it("passes on that the log refuses", async () => {
    const refuse = (): never => {
      throw new ToolError("E_SERVICE_REFUSED", { what: "gone" })
    }
    await expect(upgrade(NO_PROOF, refuse)).rejects.toMatchObject({ code: "E_SERVICE_REFUSED" })
  })

  it("refuses what is no bundle", async () => {
    const app = {} as AppContext
    const nothing = (): Promise<void> => Promise.resolve()
    const bytes = new TextEncoder().encode('{"mediaType":"application/vnd.dev.sigstore.bundle.v9.9+json"}')
    await expect(upgradeBundle(app, bytes, LOG, nothing)).rejects.toMatchObject({
      code: "E_FORMAT_UNSUPPORTED_VERSION",
    })
  })
})
