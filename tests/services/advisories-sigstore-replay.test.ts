/** What somebody makes of good signatures of others, against the verdict: nothing of one may stand in for another's. */
import { readFile, writeFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { type Ran, startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "../interop/images.ts"
import { Repository } from "./forgery.ts"

const ALICE = "alice@example.com"
const TYPE = "https://facts.example/v1"
const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const ENTRY = "dev.sigstore.cosign/bundle"

type Json = Record<string, unknown>
interface Bundle extends Json {
  verificationMaterial: Json & { tlogEntries: Json[]; timestampVerificationData?: { rfc3161Timestamps: Json[] } }
  messageSignature?: Json & { signature: string }
  dsseEnvelope?: Json & { signatures: Json[] }
}

let sandbox: TestSandbox
let registry: TestRegistry
let tool: TestProcess

beforeAll(async () => {
  ;[sandbox, registry, tool] = await Promise.all([startTestSandbox(), startTestRegistry(), startProcess()])
  await writeFile(tool.path("root.json"), sandbox.trustedRoot)
  await writeFile(tool.path("v1.json"), sandbox.signingConfig)
  await writeFile(tool.path("v2.json"), sandbox.signingConfigV2)
  await tool.write("app.txt", "the release\n")
  await tool.write("other.txt", "something else\n")
  await tool.write("facts.json", '{"reviewed":true}')
  for (const log of ["v1", "v2"] as const) {
    for (const name of ["app", "other"]) {
      await sign(log, "--blob", `${name}.txt`, "--bundle", tool.path(`${log}.${name}.json`))
      await attest(log, "--blob", `${name}.txt`, "--bundle", tool.path(`${log}.${name}.att.json`))
    }
    await sign(log, "--blob", "app.txt", "--bundle", tool.path(`${log}.again.json`))
    await attest(log, "--blob", "app.txt", "--bundle", tool.path(`${log}.again.att.json`))
  }
}, 60_000)

afterAll(async () => {
  await tool.close()
  await Promise.all([registry.close(), sandbox.close()])
})

async function keyless(command: string, log: "v1" | "v2", args: readonly string[]): Promise<void> {
  const token = await sandbox.token({ email: ALICE })
  const services = ["--signing-config", tool.path(`${log}.json`), "--trusted-root", tool.path("root.json")]
  const ran = await tool.run(command, "--keyless", "--yes", "--identity-token", token, ...services, ...args)
  expect(ran.exit, ran.stderr).toBe(0)
}

const sign = (log: "v1" | "v2", ...args: readonly string[]): Promise<void> => keyless("sign", log, args)
const attest = (log: "v1" | "v2", ...args: readonly string[]): Promise<void> =>
  keyless("attest", log, ["--type", TYPE, "--predicate", "facts.json", ...args])

function verify(...args: readonly string[]): Promise<Ran> {
  const alice = ["--identity", ALICE, "--issuer", sandbox.services.oidc, "--trusted-root", tool.path("root.json")]
  return tool.run("verify", "--offline", ...alice, ...args)
}

async function bundle(name: string): Promise<Bundle> {
  return JSON.parse(await readFile(tool.path(`${name}.json`), "utf8")) as Bundle
}

let count = 0
async function verifyBlob(changed: Bundle, ...args: readonly string[]): Promise<Ran> {
  const path = tool.path(`changed${count++}.json`)
  await writeFile(path, JSON.stringify(changed))
  const about = changed.dsseEnvelope === undefined ? [] : ["--attestation", TYPE]
  return verify("--blob", "app.txt", "--bundle", path, ...about, ...args)
}

/** A no without any word of something verified. */
function refused(ran: Ran, ...codes: readonly string[]): void {
  expect(ran.exit, ran.stderr).toBe(1)
  expect(ran.stdout).not.toMatch(/\bverified\b|signed by/)
  expect(codes).toContain(/\[(E_[A-Z_]+)\]/.exec(ran.stderr)?.[1])
}

/** Takes what `from` has of one kind. */
const PARTS: Readonly<Record<string, (to: Bundle, from: Bundle) => void>> = {
  entry: (to, from) => (to.verificationMaterial.tlogEntries = from.verificationMaterial.tlogEntries),
  certificate: (to, from) => (to.verificationMaterial["certificate"] = from.verificationMaterial["certificate"]),
  timestamp: (to, from) =>
    (to.verificationMaterial.timestampVerificationData = from.verificationMaterial.timestampVerificationData!),
  signature: (to, from) => {
    if (to.messageSignature !== undefined) to.messageSignature.signature = from.messageSignature!.signature
    else to.dsseEnvelope!.signatures = from.dsseEnvelope!.signatures
  },
  content: (to, from) => {
    if (to.messageSignature !== undefined) to.messageSignature = from.messageSignature!
    else to.dsseEnvelope = from.dsseEnvelope!
  },
  "entry and certificate": (to, from) => {
    PARTS["entry"]!(to, from)
    PARTS["certificate"]!(to, from)
  },
  "signature and certificate": (to, from) => {
    PARTS["signature"]!(to, from)
    PARTS["certificate"]!(to, from)
  },
  "signature and entry": (to, from) => {
    PARTS["signature"]!(to, from)
    PARTS["entry"]!(to, from)
  },
}

describe("parts of another signature of the same signer", () => {
  const cases = (["v1", "v2"] as const).flatMap((log) =>
    [".json", ".att.json"].flatMap((end) =>
      ["other", "again"].flatMap((from) =>
        Object.keys(PARTS)
          .filter((part) => log === "v2" || part !== "timestamp")
          .map((part) => [`${log}.app${end}`, part, `${log}.${from}${end}`] as const),
      ),
    ),
  )

  it.each(cases)("adv: sigstore-java #856 %s with the %s of %s", async (to, part, from) => {
    const changed = await bundle(to.replace(/\.json$/, ""))
    expect((await verifyBlob(changed)).exit).toBe(0)
    PARTS[part]!(changed, await bundle(from.replace(/\.json$/, "")))
    const codes = [
      "E_TLOG_ENTRY_MISMATCH",
      "E_SIG_INVALID",
      "E_SIG_SUBJECT_MISMATCH",
      "E_TSA_INVALID",
      "E_TIME_MISSING",
    ]
    refused(await verifyBlob(changed), ...codes)
  })

  it.each(["v1", "v2"] as const)(
    "adv: sigstore-java #856 the entry of a statement for a file's, log %s",
    async (log) => {
      const [file, statement] = [await bundle(`${log}.app`), await bundle(`${log}.app.att`)]
      const { tlogEntries } = file.verificationMaterial
      refused(await verifyBlob(withEntries(file, statement.verificationMaterial.tlogEntries)), "E_TLOG_ENTRY_MISMATCH")
      refused(await verifyBlob(withEntries(statement, tlogEntries)), "E_TLOG_ENTRY_MISMATCH")
    },
  )
})

function withEntries(given: Bundle, tlogEntries: Json[]): Bundle {
  return { ...given, verificationMaterial: { ...given.verificationMaterial, tlogEntries } }
}

describe("witnesses that are fewer than they look", () => {
  it("adv: GHSA-9vcr-p3rj-q5q6 one timestamp twice, and two of one authority", async () => {
    const given = await bundle("v2.app")
    const stamps = given.verificationMaterial.timestampVerificationData!.rfc3161Timestamps
    expect((await verifyBlob(given, "--timestamps", "1")).exit).toBe(0)
    stamps.push(stamps[0]!)
    expect((await verifyBlob(given, "--timestamps", "1")).exit).toBe(0)
    refused(await verifyBlob(given, "--timestamps", "2"), "E_SIG_THRESHOLD")
  })

  it("adv: sigstore-js #1702 one entry under two indexes", async () => {
    for (const log of ["v1", "v2"]) {
      const given = await bundle(`${log}.app`)
      const [entry] = given.verificationMaterial.tlogEntries
      const moved = { ...entry, logIndex: "77" }
      refused(await verifyBlob(withEntries(given, [entry!, entry!])), "E_TLOG_ENTRY_MISMATCH")
      const two = withEntries(given, [entry!, moved])
      refused(await verifyBlob(two, "--log-threshold", "2"), "E_SIG_THRESHOLD", "E_TLOG_PROOF")
    }
  })

  it("adv: sigstore-js #1659 a time without promise", async () => {
    const given = await bundle("v1.app")
    const [{ inclusionPromise, ...entry }] = given.verificationMaterial.tlogEntries as [Json]
    expect(inclusionPromise).toBeDefined()
    for (const integratedTime of [entry["integratedTime"], "0", "9999999999"]) {
      refused(await verifyBlob(withEntries(given, [{ ...entry, integratedTime }])), "E_TIME_MISSING")
    }
  })
})

describe("signatures of images, put beside others", () => {
  interface Signed {
    readonly reference: string
    readonly digest: string
    readonly repository: Repository
  }

  async function image(name: string): Promise<Signed & { readonly size: number }> {
    const { digest, size } = await putImage(registry.address, `team/${name}`, `content of ${name}`)
    const repository = new Repository(`${registry.url}/v2/team/${name}`)
    return { reference: `${registry.address}/team/${name}@${digest}`, digest, size, repository }
  }

  /** The only layer under the signature tag, and its bytes. */
  async function layer(
    of: Signed,
    kind: "sig" | "att",
  ): Promise<{ annotations: Record<string, string>; text: string }> {
    const base = `${registry.url}/v2/${/\/(.+)@/.exec(of.reference)![1]!}`
    const tag = `${of.digest.replace(":", "-")}.${kind}`
    const manifest = await (await fetch(`${base}/manifests/${tag}`, { headers: { accept: MANIFEST } })).json()
    const [only] = (manifest as { layers: { digest: string; annotations: Record<string, string> }[] }).layers
    return { annotations: only!.annotations, text: await (await fetch(`${base}/blobs/${only!.digest}`)).text() }
  }

  it.each(["sig", "att"] as const)(
    "adv: GHSA-ccxc-vr6p-4858 the log annotation of another image's .%s",
    async (kind) => {
      const mediaType =
        kind === "sig" ? "application/vnd.dev.cosign.simplesigning.v1+json" : "application/vnd.dsse.envelope.v1+json"
      const [a, b] = [await image(`a-${kind}`), await image(`b-${kind}`)]
      for (const { reference } of [a, b]) {
        await (kind === "sig" ? sign : attest)("v1", "--format", "cosign-v2", reference)
      }
      const asked = kind === "sig" ? [] : ["--attestation", TYPE]
      expect((await verify(...asked, b.reference)).exit).toBe(0)
      const [own, others] = [await layer(b, kind), await layer(a, kind)]
      const put = async (text: string, annotations: Readonly<Record<string, string>>): Promise<Ran> => {
        await b.repository.tagged(b.digest, kind, [{ ...(await b.repository.blob(mediaType, text)), annotations }])
        return verify(...asked, b.reference)
      }
      const replayed = { ...own.annotations, [ENTRY]: others.annotations[ENTRY]! }
      refused(await put(own.text, replayed), "E_TLOG_ENTRY_MISMATCH")
      // All of the other's: a good signature of another image.
      refused(await put(others.text, others.annotations), "E_SIG_SUBJECT_MISMATCH")
      const { "dev.sigstore.cosign/certificate": certificate } = others.annotations
      const foreign = { ...own.annotations, "dev.sigstore.cosign/certificate": certificate! }
      refused(await put(own.text, foreign), "E_TLOG_ENTRY_MISMATCH", "E_SIG_INVALID")
      expect((await put(own.text, own.annotations)).exit).toBe(0)
    },
  )

  it("adv: zot-4202 the bundle of a file, of another image and of an attestation sign no image", async () => {
    const [a, b] = [await image("bundle-a"), await image("bundle-b")]
    await sign("v2", a.reference)
    expect((await verify(a.reference)).exit).toBe(0)
    const subject = { mediaType: MANIFEST, digest: b.digest, size: b.size }
    const listed = (await (await fetch(`${registry.url}/v2/team/bundle-a/referrers/${a.digest}`)).json()) as {
      manifests: { digest: string }[]
    }
    const text = async (path: string): Promise<string> =>
      (await fetch(`${registry.url}/v2/team/bundle-a/${path}`, { headers: { accept: MANIFEST } })).text()
    const referrer = JSON.parse(await text(`manifests/${listed.manifests[0]!.digest}`)) as {
      layers: { digest: string }[]
    }
    await b.repository.referrer(subject, await text(`blobs/${referrer.layers[0]!.digest}`))
    refused(await verify(b.reference), "E_SIG_SUBJECT_MISMATCH")
    // The closest of several explains the answer.
    const codes = ["E_SIG_SUBJECT_MISMATCH", "E_TLOG_ENTRY_MISMATCH", "E_SIG_UNTRUSTED"]
    await b.repository.referrer(subject, JSON.stringify(await bundle("v2.app")))
    await b.repository.referrer(subject, JSON.stringify(await bundle("v2.app.att")))
    refused(await verify(b.reference), ...codes)
    await attest("v2", b.reference)
    refused(await verify(b.reference), ...codes)
    await sign("v2", b.reference)
    expect((await verify(b.reference)).exit).toBe(0)
  })
})
