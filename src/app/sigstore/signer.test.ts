import { beforeAll, describe, expect, it } from "vitest"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { SigningKey } from "../../core/ports.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import type { CertificateOrder, LogProposal, SigstoreServices } from "../../core/sigstore-ports.ts"
import { generatePrivateKey } from "../../crypto/generate.ts"
import { digestOf } from "../../crypto/hash.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { verifySignature } from "../../crypto/verify.ts"
import { loadPrehash } from "../../crypto/prehash.ts"
import { buildCertificate } from "../../crypto/x509/build-certificate.ts"
import { alternativeNamesExtension } from "../../crypto/x509/build-extensions.ts"
import type { AppContext } from "../requests.ts"
import { openSigstoreSigner, type ToSign } from "./signer.ts"
import type { SigstorePlan, SigstoreSigning } from "./signing.ts"

const AT = Date.UTC(2026, 10, 20, 12)
const MESSAGE = new TextEncoder().encode("a message")
const CLAIMS = { sub: "alice", email: "alice@example.com", email_verified: true }
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
const TOKEN = `${part({ alg: "ES256" })}.${part(CLAIMS)}.c2ln`
const ENTRY: LogEntry = {
  logIndex: 1n,
  logId: Uint8Array.of(1),
  kind: "hashedrekord",
  version: "0.0.1",
  integratedTime: 5n,
  canonicalizedBody: Uint8Array.of(2),
}

let authority: SigningKey
let own: SigningKey

beforeAll(async () => {
  authority = localSigningKey(await generatePrivateKey())
  own = localSigningKey(await generatePrivateKey())
  await loadPrehash()
})

type Services = Pick<SigstoreServices, "certificates" | "tokens" | "logs">
type World = Pick<AppContext, "sigstore" | "timestamps" | "clock">

/** Services that behave, with parts replaced; what happened goes to `events`. */
function world(events: string[], clock: { at: number }, changes: Partial<Services> = {}): World {
  const certify = async (order: CertificateOrder): Promise<{ readonly chain: readonly Uint8Array[] }> => {
    events.push("certificate")
    return { chain: [await certificateFor(order.publicKey.spki, clock.at)] }
  }
  const services = {
    certificates: { certify },
    tokens: {
      get: () => {
        events.push("token")
        const claims = { issuer: "https://oidc.test", subject: "alice", expires: AT }
        return Promise.resolve({ token: TOKEN, source: "test", claims })
      },
    },
    logs: {
      add: () => {
        events.push("log")
        return Promise.resolve(ENTRY)
      },
      find: () => Promise.resolve([]),
      entryAt: () => Promise.resolve(ENTRY),
    },
    ...changes,
  }
  return {
    sigstore: services as unknown as SigstoreServices,
    timestamps: {
      ask: () => {
        events.push("timestamp")
        return Promise.reject(new ToolError("E_TSA_INVALID", { what: "no time" }))
      },
    },
    clock: { now: () => clock.at },
  }
}

function certificateFor(spki: Uint8Array, at: number): Promise<Uint8Array> {
  return buildCertificate({
    subject: [],
    issuer: [["CN", "test"]],
    serial: 1n,
    notBefore: at,
    notAfter: at + 600_000,
    publicKey: spki,
    extensions: [alternativeNamesExtension(["email:alice@example.com"], true)],
    signWith: authority,
    scheme: { scheme: "ecdsa", hash: "sha256" },
  })
}

const keyless: SigstoreSigning = {
  keyless: {
    authority: { url: "https://ca.test", api: 2 },
    token: { issuer: "https://oidc.test", clientId: "sigstore" },
  },
  logs: [{ url: "https://log.test", majorApiVersion: 1 }],
  timestamps: [],
}
const ITEM = { artifact: "app", annotations: {}, published: "hashes" } as const

function work(key: SigningKey, signed: { count: number } = { count: 0 }): ToSign {
  return {
    scheme: { scheme: "ecdsa", hash: "sha256" },
    digest: digestOf("sha256", MESSAGE),
    sign: () => {
      signed.count++
      return key.sign(MESSAGE, { scheme: "ecdsa", hash: "sha256" })
    },
    stamped: (signature) => signature,
    logged: () => ({ kind: "message" }),
  }
}

async function failure(promise: Promise<unknown>): Promise<ToolError> {
  try {
    await promise
  } catch (thrown) {
    return asToolError(thrown)
  }
  throw new Error("it did not fail")
}

describe("a signer of Sigstore", () => {
  it.each<[string, Partial<SigstoreSigning>]>([
    ["authority", { keyless: { ...keyless.keyless!, authority: { url: "https://a:insecure@ca.test", api: 2 } } }],
    ["log", { logs: [{ url: "https://insecure@log.test", majorApiVersion: 1 }] }],
    ["timestamp authority", { timestamps: ["https://a:insecure@tsa.test"] }],
  ])("shows no credentials in the URL of an %s, and asks nobody", async (_, change) => {
    const events: string[] = []
    const confirm = (): Promise<void> => Promise.resolve(void events.push("consent"))
    const signing = { ...keyless, ...change, confirm }
    const error = await failure(openSigstoreSigner(world(events, { at: AT }), signing, undefined, [ITEM]))
    expect([error.code, events]).toEqual(["E_USAGE", []])
    expect(JSON.stringify(error) + error.message).not.toContain("insecure")
  })

  it("asks for consent after the token and before anything is public, then once for the certificate", async () => {
    const events: string[] = []
    const plans: SigstorePlan[] = []
    const confirm = (plan: SigstorePlan): Promise<void> => {
      events.push("consent")
      plans.push(plan)
      return Promise.resolve()
    }
    const signer = await openSigstoreSigner(world(events, { at: AT }), { ...keyless, confirm }, undefined, [ITEM])
    expect(events).toEqual(["token", "consent"])
    const both = await Promise.all([signer.sign(work(signer.key)), signer.sign(work(signer.key))])
    expect(events.filter((event) => event === "certificate")).toHaveLength(1)
    expect(both[0].outcome).toMatchObject({ identity: { name: "alice@example.com" }, timestamps: [] })
    expect(both[0].evidence.logEntries).toEqual([ENTRY])
    expect(plans).toEqual([
      {
        identity: {
          issuer: "https://oidc.test",
          name: "alice@example.com",
          source: "test",
          authority: "https://ca.test",
          claims: {},
        },
        logs: keyless.logs,
        timestamps: [],
        items: [ITEM],
      },
    ])
  })

  it("tells what happens as it happens", async () => {
    const events: string[] = []
    const signing: SigstoreSigning = {
      ...keyless,
      beforeToken: () => {
        events.push("statement")
        return Promise.resolve()
      },
      notify: ({ kind }) => events.push(`told ${kind}`),
    }
    const signer = await openSigstoreSigner(world(events, { at: AT }), signing, undefined, [])
    await signer.sign(work(signer.key))
    expect(events).toEqual([
      ...["told ephemeral-key", "statement", "token", "told token"],
      ...["certificate", "told certificate", "log", "told log-entry"],
    ])
  })

  it("shows the authority that it has the key", async () => {
    let order: CertificateOrder | undefined
    const certify = async (asked: CertificateOrder): Promise<{ readonly chain: readonly Uint8Array[] }> => {
      order = asked
      return { chain: [await certificateFor(asked.publicKey.spki, AT)] }
    }
    const signer = await openSigstoreSigner(world([], { at: AT }, { certificates: { certify } }), keyless, own, [])
    await signer.sign(work(own))
    const challenge = new TextEncoder().encode("alice@example.com")
    const { proof = new Uint8Array(), publicKey = own.publicKey } = order ?? {}
    expect(verifySignature(publicKey, { scheme: "ecdsa", hash: "sha256" }, challenge, proof)).toBe(true)
  })

  it("makes nothing public when consent is refused", async () => {
    const events: string[] = []
    const confirm = (): Promise<void> => Promise.reject(new ToolError("E_DECLINED", { what: "no" }))
    const opened = openSigstoreSigner(world(events, { at: AT }), { ...keyless, confirm }, undefined, [ITEM])
    expect((await failure(opened)).code).toBe("E_DECLINED")
    expect(events).toEqual(["token"])
  })

  it("gets a new certificate when the old one is nearly over", async () => {
    const events: string[] = []
    const clock = { at: AT }
    const signer = await openSigstoreSigner(world(events, clock), keyless, undefined, [])
    await signer.sign(work(signer.key))
    clock.at += 500_000
    await signer.sign(work(signer.key))
    expect(events.filter((event) => event === "certificate")).toHaveLength(1)
    clock.at += 90_000
    await signer.sign(work(signer.key))
    expect(events.filter((event) => event === "certificate")).toHaveLength(2)
    expect(events.filter((event) => event === "token")).toHaveLength(1)
  })

  it("signs again, once, where a log keeps back what it has", async () => {
    const proposals: LogProposal[] = []
    const duplicate = new ToolError("E_SERVICE_REFUSED", { what: "there", details: { duplicate: true } })
    const logs = (times: number): SigstoreServices["logs"] => ({
      add: (_, proposal) => {
        proposals.push(proposal)
        return proposals.length <= times ? Promise.reject(duplicate) : Promise.resolve(ENTRY)
      },
      find: () => Promise.resolve([]),
      entryAt: () => Promise.resolve(ENTRY),
    })
    const once = await openSigstoreSigner(world([], { at: AT }, { logs: logs(1) }), keyless, own, [])
    const signed = { count: 0 }
    await once.sign(work(own, signed))
    expect(signed.count).toBe(2)
    expect(proposals[0]?.signature).not.toEqual(proposals[1]?.signature)
    proposals.length = 0
    const always = await openSigstoreSigner(world([], { at: AT }, { logs: logs(9) }), keyless, own, [])
    expect((await failure(always.sign(work(own)))).what).toBe("there")
    expect(proposals).toHaveLength(2)
  })

  it("waits for every service, also when one fails", async () => {
    const events: string[] = []
    let finished = false
    const add = async (): Promise<LogEntry> => {
      await Promise.resolve()
      await Promise.resolve()
      finished = true
      return ENTRY
    }
    const logs = { add, find: () => Promise.resolve([]), entryAt: () => Promise.resolve(ENTRY) }
    const signing = { ...keyless, timestamps: ["https://tsa.test/ts"] }
    const signer = await openSigstoreSigner(world(events, { at: AT }, { logs }), signing, own, [])
    const error = await failure(signer.sign(work(own)))
    expect([error.code, error.why]).toEqual(["E_TSA_INVALID", "public all the same: log entry 1 in https://log.test"])
    expect(finished).toBe(true)
  })

  it.each<[string, (spki: Uint8Array) => Promise<readonly Uint8Array[]>, string]>([
    ["for another key", async () => [await certificateFor(authority.publicKey.spki, AT)], "another key"],
    ["that has ended", async (spki) => [await certificateFor(spki, AT - 3_600_000)], "before now"],
    ["that is none", () => Promise.resolve([]), "no certificate"],
  ])("refuses a certificate %s", async (_, chain, text) => {
    const certify = async ({ publicKey }: CertificateOrder): Promise<{ readonly chain: readonly Uint8Array[] }> => ({
      chain: await chain(publicKey.spki),
    })
    const events: string[] = []
    const signer = await openSigstoreSigner(world(events, { at: AT }, { certificates: { certify } }), keyless, own, [])
    const error = await failure(signer.sign(work(own)))
    expect([error.code, error.message]).toEqual(["E_SERVICE_PROTOCOL", expect.stringContaining(text)])
    expect(events).toEqual(["token"])
  })

  it.each<[string, Partial<SigstoreSigning>, string]>([
    [
      "version 2 logs without timestamps",
      { logs: [{ url: "https://log.test", majorApiVersion: 2 }] },
      "a timestamp authority must be provided to request a short-lived certificate that will be logged to Rekor",
    ],
    ["neither log nor timestamp", { logs: [] }, "a short-lived certificate needs a log or a timestamp authority"],
    ["two certificates", { certificates: [Uint8Array.of(1)] }, "a certificate was given and another is to be issued"],
  ])("refuses %s before anybody is asked", async (_, changes, text) => {
    const events: string[] = []
    const opened = openSigstoreSigner(world(events, { at: AT }), { ...keyless, ...changes }, undefined, [])
    const error = await failure(opened)
    expect([error.code, error.what]).toEqual(["E_USAGE", text])
    expect(events).toEqual([])
  })

  it("takes a certificate of the user's for the key, and no other", async () => {
    const logs = [{ url: "https://log.test", majorApiVersion: 1 }] as const
    const fitting = [await certificateFor(own.publicKey.spki, AT)]
    const events: string[] = []
    const signing = { logs, timestamps: [], certificates: fitting }
    const signer = await openSigstoreSigner(world(events, { at: AT }), signing, own, [])
    expect((await signer.sign(work(own))).evidence.certificates).toEqual(fitting)
    expect(events).toEqual(["log"])
    const other = { ...signing, certificates: [await certificateFor(authority.publicKey.spki, AT)] }
    const error = await failure(openSigstoreSigner(world(events, { at: AT }), other, own, []))
    expect([error.code, error.what]).toEqual([
      "E_USAGE",
      "public key in certificate does not match the provided public key",
    ])
  })

  it("refuses what a log of digests cannot hold before anybody is asked", async () => {
    const events: string[] = []
    const signing = { logs: [{ url: "https://log.test", majorApiVersion: 2 }], timestamps: [] } as const
    const signer = await openSigstoreSigner(world(events, { at: AT }), signing, own, [])
    const pure: ToSign = { ...work(own), scheme: { scheme: "ed25519" }, digest: undefined }
    expect((await failure(signer.sign(pure))).code).toBe("E_KEY_TYPE")
    expect(events).toEqual([])
  })
})
