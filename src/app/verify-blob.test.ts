import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { memoryWorld } from "../../tests/faces/memory-world.ts"
import type { VerifyBlobRequest } from "./blob-requests.ts"
import { verifyBlob } from "./verify-blob.ts"

/** Written by real cosign. */
const folder = fileURLToPath(new URL("../../tests/vectors/cosign/data/", import.meta.url))

async function verify(tlog: VerifyBlobRequest["tlog"], bundle: string): ReturnType<typeof verifyBlob> {
  const memory = memoryWorld({ folder })
  try {
    const app = await memory.world.open({})
    const key = await app.keys.publicKey(`${folder}insecure-test-p256.pub`)
    return await verifyBlob(app, {
      blob: { path: `${folder}a.txt` },
      keys: [{ name: "key", key }],
      evidence: { bundle: new Uint8Array(readFileSync(folder + bundle)) },
      ...(tlog === undefined ? {} : { tlog }),
      at: 0,
    })
  } finally {
    await memory.close()
  }
}

describe("a demand for a log entry", () => {
  it.each(["blob.sigstore.json", "blob.legacy2.json", "blob.legacy3.json"])("is never met: %s", async (bundle) => {
    const { report, verified, error } = await verify("require", bundle)
    expect(error?.code).toBe("E_TLOG_MISSING")
    expect(verified).toEqual([])
    expect(report.artifacts[0]?.state).toBe("untrusted")
    const [signature] = report.artifacts[0]?.signatures ?? []
    expect(signature?.findings).toContainEqual(
      expect.objectContaining({ check: "log.entry", outcome: "failed", code: "E_TLOG_MISSING" }),
    )
  })

  it.each(["ignore", undefined] as const)("is left out when it is %s, and the report says so", async (tlog) => {
    const { report, error } = await verify(tlog, "blob.sigstore.json")
    expect(error).toBeUndefined()
    const [signature] = report.artifacts[0]?.signatures ?? []
    expect(signature?.findings).toContainEqual(expect.objectContaining({ check: "log.entry", outcome: "skipped" }))
  })
})
