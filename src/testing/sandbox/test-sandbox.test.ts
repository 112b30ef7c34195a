import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto"
import { stat } from "node:fs/promises"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import type { LogFault } from "./sandbox-faults.ts"
import { startTestSandbox, type TestSandbox } from "./test-sandbox.ts"

const EMAIL = "test@example.com"

let sandbox: TestSandbox

beforeAll(async () => {
  sandbox = await startTestSandbox()
})

afterEach(() => {
  sandbox.reset()
})

afterAll(async () => {
  await sandbox.close()
})

const post = (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  })

/** Ask Fulcio for a certificate. */
async function certify(): Promise<Response> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const content = publicKey.export({ type: "spki", format: "pem" })
  const proofOfPossession = sign("sha256", Buffer.from(EMAIL), privateKey).toString("base64")
  const body = { publicKeyRequest: { publicKey: { content }, proofOfPossession } }
  const headers = { authorization: `Bearer ${await sandbox.token()}` }
  return post(`${sandbox.services.fulcio}/api/v2/signingCert`, body, headers)
}

/** Log a new signature. @param times - how often the same one. @returns the last answer. */
async function log(version: 1 | 2, at: TestSandbox = sandbox, times = 1): Promise<Response> {
  const [url, body] = proposal(version, at)
  for (let i = 1; i < times; i++) await post(url, body)
  return post(url, body)
}

function proposal(version: 1 | 2, { services }: TestSandbox): readonly [url: string, body: unknown] {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const text = randomUUID()
  const digest = createHash("sha256").update(text).digest()
  const content = sign("sha256", Buffer.from(text), privateKey).toString("base64")
  if (version === 2) {
    const rawBytes = publicKey.export({ type: "spki", format: "der" }).toString("base64")
    const verifier = { keyDetails: "PKIX_ECDSA_P256_SHA_256", publicKey: { rawBytes } }
    const hashedRekordRequestV002 = { digest: digest.toString("base64"), signature: { content, verifier } }
    return [`${services.rekor2}/api/v2/log/entries`, { hashedRekordRequestV002 }]
  }
  const pem = btoa(publicKey.export({ type: "spki", format: "pem" }).toString())
  const spec = {
    data: { hash: { algorithm: "sha256", value: digest.toString("hex") } },
    signature: { content, publicKey: { content: pem } },
  }
  return [`${services.rekor}/api/v1/log/entries`, { apiVersion: "0.0.1", kind: "hashedrekord", spec }]
}

interface Entry {
  readonly integratedTime: number
  readonly verification: {
    readonly inclusionProof?: { readonly checkpoint: string }
    readonly signedEntryTimestamp?: string
  }
}

async function entry(): Promise<Entry> {
  const answer = await log(1)
  expect(answer.status).toBe(201)
  const [found] = Object.values((await answer.json()) as Record<string, Entry>)
  if (found === undefined) throw new Error("no entry")
  return found
}

describe("a test sandbox", () => {
  it("certifies, logs and counts requests", async () => {
    expect((await certify()).status).toBe(200)
    expect((await log(1)).status).toBe(201)
    expect((await log(2)).status).toBe(201)
    expect(sandbox.requests.map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([
      "POST /fulcio/api/v2/signingCert 200",
      "POST /rekor/api/v1/log/entries 201",
      "POST /rekor2/api/v2/log/entries 201",
    ])
    sandbox.reset()
    expect(sandbox.requests).toEqual([])
  })

  it("logs people in at its page", async () => {
    const query = new URLSearchParams({
      response_type: "code",
      client_id: "sigstore",
      redirect_uri: "http://localhost:1/cb",
      scope: "openid",
      state: "s",
      code_challenge: "c".repeat(43),
      code_challenge_method: "S256",
    })
    const url = `${sandbox.services.oidc}/auth?${query.toString()}`
    expect(await sandbox.login.authorize(url, EMAIL)).toContain("code=")
    expect(await sandbox.login.authorize(url, "deny")).toContain("error=access_denied")
    await expect(sandbox.login.authorize(`${sandbox.services.oidc}/auth?client_id=x`, EMAIL)).rejects.toThrow(
      "no login",
    )
  })

  it("takes its folder away", async () => {
    const other = await startTestSandbox()
    await other.close()
    await expect(stat(other.folder)).rejects.toMatchObject({ code: "ENOENT" })
  })

  it("keeps a folder that it was given, and logs twice where it was told to", async () => {
    const first = await startTestSandbox({ folder: `${sandbox.folder}/kept` })
    await first.close()
    const second = await startTestSandbox({ folder: `${sandbox.folder}/kept`, duplicates: true })
    try {
      expect(second.tufRoot).toEqual(first.tufRoot)
      for (const version of [1, 2] as const) {
        expect((await log(version, second, 2)).status).toBe(201)
        expect((await log(version, sandbox, 2)).status).toBe(409)
      }
    } finally {
      await second.close()
    }
  })
})

describe("faults", () => {
  it.each(["missing-proof", "missing-promise", "wrong-time", "bad-checkpoint"] satisfies LogFault[])(
    "of the log: %s",
    async (fault) => {
      const good = await entry()
      sandbox.setFaults({ log: fault })
      const bad = await entry()
      expect("inclusionProof" in bad.verification).toBe(fault !== "missing-proof")
      expect("signedEntryTimestamp" in bad.verification).toBe(fault !== "missing-promise")
      expect(bad.integratedTime - good.integratedTime > 3600).toBe(fault === "wrong-time")
    },
  )

  it("a conflict about what was not there before: version 1 says where it is, version 2 its index", async () => {
    sandbox.setFaults({ conflict: { times: 2 } })
    const one = await log(1)
    expect(one.status).toBe(409)
    const there = await fetch(new URL(one.headers.get("location") ?? "", sandbox.url))
    expect(there.status).toBe(200)
    const two = await log(2)
    expect([two.status, /^\d+$/.test(two.headers.get("x-log-index") ?? "")]).toEqual([409, true])
    expect((await log(1)).status).toBe(201)
  })

  it("a clock that is ahead", async () => {
    sandbox.setFaults({ clockSkewMs: { rekor: 86_400_000 } })
    expect((await entry()).integratedTime).toBeGreaterThan(Date.now() / 1000 + 80_000)
  })

  it("a promise beside the certificate", async () => {
    sandbox.setFaults({ sct: "detached" })
    expect(await (await certify()).json()).toHaveProperty("signedCertificateDetachedSct.signedCertificateTimestamp")
  })

  it("a timestamp that is not given", async () => {
    sandbox.setFaults({ timestamp: "rejection" })
    const query = Uint8Array.from(
      // A request for SHA-256 of nothing.
      `30390201013031300d060960864801650304020105000420${createHash("sha256").digest("hex")}`.match(/../g) ?? [],
      (hex) => Number.parseInt(hex, 16),
    )
    const headers = { "content-type": "application/timestamp-query" }
    const answer = await fetch(sandbox.services.timestamp, { method: "POST", body: query, headers })
    expect(Buffer.from(await answer.arrayBuffer()).toString("hex")).toMatch(/^30..30..020102/)
  })

  it.each(["truncated", "huge", "status-500", "garbage", "redirect-forever"] as const)(
    "on the way: %s",
    async (transport) => {
      sandbox.setFaults({ transport, where: ({ path }) => path.startsWith("/tuf/") })
      const url = `${sandbox.services.tuf}/timestamp.json`
      expect((await fetch(`${sandbox.url}/healthz`)).status).toBe(200)
      const read = async (): Promise<string> => {
        const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) })
        if (!answer.ok) return `status ${answer.status}`
        const reader = answer.body?.getReader()
        let size = 0
        for (;;) {
          const step = await reader?.read()
          if (step === undefined || step.done) return "ended"
          size += (step.value as Uint8Array).length
          if (size > 1024 * 1024) {
            await reader?.cancel()
            return "endless"
          }
        }
      }
      const expected = { huge: "endless", "status-500": "status 500", garbage: "ended" }
      if (transport === "truncated" || transport === "redirect-forever") await expect(read()).rejects.toThrow()
      else expect(await read()).toBe(expected[transport])
    },
  )

  it("slowness", async () => {
    sandbox.setFaults({ delayMs: 60_000 })
    const hurried = fetch(`${sandbox.url}/healthz`, { signal: AbortSignal.timeout(50) })
    await expect(hurried).rejects.toMatchObject({ name: "TimeoutError" })
  })
})
