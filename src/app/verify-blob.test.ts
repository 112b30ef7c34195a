import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { memoryWorld } from "../../tests/faces/memory-world.ts"
import type { VerifyBlobRequest } from "./blob-requests.ts"
import { verifyBlob } from "./verify-blob.ts"

/** Written by real cosign. */
const folder = fileURLToPath(new URL("../../tests/vectors/cosign/data/", import.meta.url))

async function verify(asked: Partial<VerifyBlobRequest>, bundle: string): ReturnType<typeof verifyBlob> {
  const memory = memoryWorld({ folder })
  try {
    const app = await memory.world.open({})
    const key = await app.keys.publicKey(`${folder}insecure-test-p256.pub`)
    return await verifyBlob(app, {
      blob: { path: `${folder}a.txt` },
      keys: [{ name: "key", key }],
      evidence: { bundle: new Uint8Array(readFileSync(folder + bundle)) },
      ...asked,
      at: 0,
    })
  } finally {
    await memory.close()
  }
}

describe("a key alone", () => {
  it.each(["blob.sigstore.json", "blob.legacy2.json", "blob.legacy3.json"])(
    "is verified without a trusted root: %s",
    async (bundle) => {
      const trustedRoot = (): Promise<never> => Promise.reject(new Error("nobody may ask for it"))
      for (const witnesses of [undefined, { logs: 0, timestamps: 0 }]) {
        const { report, error } = await verify(
          { trustedRoot, ...(witnesses === undefined ? {} : { witnesses }) },
          bundle,
        )
        expect(error).toBeUndefined()
        const [signature] = report.artifacts[0]?.signatures ?? []
        expect(signature?.findings).toContainEqual(expect.objectContaining({ check: "log.entry", outcome: "skipped" }))
      }
    },
  )
})

describe("a demand for a log entry", () => {
  it.each([
    ["for the key", { witnesses: { logs: 1, timestamps: 0 } }],
    ["for timestamps", { witnesses: { logs: 0, timestamps: 1 } }],
    [
      "of identities",
      {
        keyless: {
          identities: [
            {
              issuer: { kind: "exact", value: "https://issuer.example" },
              subject: { kind: "exact", value: "a@example.com" },
              extensions: {},
              text: "a@example.com",
            },
          ],
          sct: "require",
          witnesses: { logs: 1, timestamps: 0 },
        },
      },
    ],
  ] as const)("needs a trusted root, %s", async (_case, asked) => {
    const { report, verified, error } = await verify(asked, "blob.sigstore.json")
    expect(error?.code).toBe("E_TRUST_MISSING")
    expect(verified).toEqual([])
    expect(report.artifacts[0]?.state).not.toBe("verified")
  })
})
