import { describe, expect, it } from "vitest"
import { encodeBase64 } from "../codec/base64.ts"
import { encodeUtf8 } from "../codec/utf8.ts"
import type { Descriptor } from "../core/descriptor.ts"
import type { Digest } from "../core/digest.ts"
import { ToolError } from "../core/errors.ts"
import { OCI_INDEX, OCI_MANIFEST } from "../core/media-types.ts"
import type { ContentStore, RawSignature, SignatureStore, SigningKey, StoreAnswer } from "../core/ports.ts"
import type { StoreKind, StoreReport } from "../core/report.ts"
import { pae } from "../envelopes/dsse/pae.ts"
import { generatePrivateKey } from "../crypto/generate.ts"
import { sha256Digest } from "../crypto/hash.ts"
import { localSigningKey } from "../crypto/local-key.ts"
import { formats } from "../formats/index.ts"
import type { AppContext, FormatName, Target, VerifyRequest, VerifyResult } from "./requests.ts"
import { schemeFor } from "./sign-draft.ts"
import { verifyArtifacts } from "./verify.ts"

const alice = localSigningKey(await generatePrivateKey())
const mallory = localSigningKey(await generatePrivateKey())
const SUBJECT = sha256Digest(encodeUtf8("the artifact"))
const OTHER = sha256Digest(encodeUtf8("another artifact"))
const REFERENCE = { registry: "registry.example", repository: "demo/app" }

/** A signature document as a store would hand it out. */
async function signature(
  format: FormatName,
  key: SigningKey,
  subject: Digest,
  annotations = {},
): Promise<RawSignature> {
  const found = await formats.find((candidate) => candidate.id === format)?.load()
  if (found === undefined) throw new Error(`no format ${format}`)
  const [draft] = found.writer.draftSignature({
    subject: { mediaType: OCI_MANIFEST, digest: subject, size: 2 },
    at: 0,
    dockerReferences: ["registry.example/demo/app"],
    annotations,
  })
  if (draft === undefined) throw new Error("no draft")
  const document = draft.finish(await key.sign(draft.message, schemeFor(key, found.writer.hash)), key.publicKey)
  return {
    location: { store: "signature-tag", where: "registry.example/demo/app", reference: "here" },
    descriptor: document.descriptor,
    bytes: document.bytes,
    mediaType: document.mediaType,
    annotations: document.annotations,
  }
}

interface Place {
  readonly kind: StoreKind
  readonly signatures?: readonly RawSignature[]
  readonly others?: StoreAnswer["others"]
  readonly outcome?: StoreReport["outcome"]
  readonly throws?: ToolError
}

/** An app whose stores hold what the test says; `asked` records the order of questions. */
function appWith(
  places: readonly Place[],
  manifests: ReadonlyMap<string, Descriptor & { body?: string }> = new Map(),
): {
  app: AppContext
  asked: string[]
} {
  const asked: string[] = []
  const stores = places.map((place): SignatureStore => ({
    kind: place.kind,
    find: async (_subject, _wanted, reader) => {
      asked.push(place.kind)
      if (place.throws !== undefined) throw place.throws
      const signatures = place.signatures ?? []
      const outcome = place.outcome ?? (signatures.length > 0 ? "found" : "none")
      const report = { store: place.kind, where: "registry.example/demo/app", outcome, count: signatures.length }
      for (const raw of signatures) await reader.take(raw)
      return { report, others: place.others ?? [] }
    },
  }))
  const content = {
    kind: "registry",
    name: "registry.example/demo/app",
    resolve: (reference: string) => {
      asked.push(`resolve ${reference.slice(0, 13)}`)
      const descriptor = manifests.get(reference)
      if (descriptor !== undefined) return Promise.resolve(descriptor)
      return Promise.reject(new ToolError("E_REF_TAG_NOT_FOUND", { what: `${reference} does not exist` }))
    },
    fetchManifest: (reference: string) => {
      const descriptor = manifests.get(reference)
      if (descriptor === undefined) return Promise.reject(new ToolError("E_REF_TAG_NOT_FOUND", { what: reference }))
      return Promise.resolve({ descriptor, bytes: encodeUtf8(descriptor.body ?? "{}") })
    },
  } as unknown as ContentStore
  const app = {
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    progress: { start: () => ({ advance: () => undefined, done: () => undefined }) },
    stores: { content: () => content, repository: () => content, signatures: () => stores },
  } as unknown as AppContext
  return { app, asked }
}

const manifest = (digest: Digest): [string, Descriptor] => [digest, { mediaType: OCI_MANIFEST, digest, size: 10 }]
const byDigest: Target = { kind: "registry", reference: { ...REFERENCE, digest: SUBJECT }, text: "app@digest" }
const byTag: Target = { kind: "registry", reference: { ...REFERENCE, tag: "v1" }, text: "app:v1" }

async function check(
  places: readonly Place[],
  request: Partial<VerifyRequest> = {},
  manifests = new Map([manifest(SUBJECT)]),
): Promise<{ result: VerifyResult; state: string; code: string | undefined; asked: readonly string[] }> {
  const { app, asked } = appWith(places, manifests)
  const result = await verifyArtifacts(app, {
    targets: [byDigest],
    kind: "signature",
    keys: [{ name: "alice.pub", key: alice.publicKey }],
    formats: ["cosign-v3", "cosign-v2"],
    annotations: {},
    checkClaims: true,
    recursive: false,
    everything: false,
    at: 0,
    ...request,
  })
  const [artifact] = result.report.artifacts
  return { result, state: artifact?.state ?? "", code: result.errors[0]?.code, asked }
}

const failed = new ToolError("E_REGISTRY_UNAVAILABLE", { what: "the registry answered 500" })

describe("verified, unsigned, untrusted, unknown", async () => {
  const v2 = await signature("cosign-v2", alice, SUBJECT)
  const v3 = await signature("cosign-v3", alice, SUBJECT)
  const broken = { ...v3, bytes: encodeUtf8("{"), descriptor: { ...v3.descriptor, digest: OTHER } }
  const notation = {
    mediaType: OCI_MANIFEST,
    digest: OTHER,
    size: 1,
    artifactType: "application/vnd.cncf.notary.signature",
  }
  const location = v3.location
  const cases: readonly [string, readonly Place[], Partial<VerifyRequest>, string, string | undefined][] = [
    ["a bundle by the key", [{ kind: "referrers-api", signatures: [v3] }], {}, "verified", undefined],
    ["a legacy signature by the key", [{ kind: "signature-tag", signatures: [v2] }], {}, "verified", undefined],
    ["nothing anywhere", [{ kind: "referrers-api" }, { kind: "signature-tag" }], {}, "unsigned", "E_SIG_NONE"],
    [
      "only another format",
      [{ kind: "signature-tag", signatures: [v2] }],
      { formats: ["cosign-v3"] },
      "unsigned",
      "E_SIG_OTHER_FORMAT",
    ],
    [
      "only another family",
      [{ kind: "referrers-api", others: [{ location, descriptor: notation, family: "notation" }] }],
      {},
      "unsigned",
      "E_SIG_OTHER_FORMAT",
    ],
    [
      "another signer",
      [{ kind: "referrers-api", signatures: [await signature("cosign-v3", mallory, SUBJECT)] }],
      {},
      "untrusted",
      "E_SIG_UNTRUSTED",
    ],
    [
      "another signer, legacy",
      [{ kind: "signature-tag", signatures: [await signature("cosign-v2", mallory, SUBJECT)] }],
      {},
      "untrusted",
      "E_SIG_UNTRUSTED",
    ],
    [
      "adv: project-zot/zot #4202 another artifact's signature",
      [{ kind: "signature-tag", signatures: [await signature("cosign-v2", alice, OTHER)] }],
      {},
      "untrusted",
      "E_SIG_SUBJECT_MISMATCH",
    ],
    [
      "another artifact's bundle",
      [{ kind: "referrers-api", signatures: [await signature("cosign-v3", alice, OTHER)] }],
      {},
      "untrusted",
      "E_SIG_SUBJECT_MISMATCH",
    ],
    [
      "an annotation that was not signed",
      [{ kind: "referrers-api", signatures: [v3] }],
      { annotations: { build: "17" } },
      "untrusted",
      "E_SIG_ANNOTATION",
    ],
    ["a broken document", [{ kind: "referrers-api", signatures: [broken] }], {}, "untrusted", "E_FORMAT_MALFORMED"],
    [
      "a store that failed, nothing elsewhere",
      [{ kind: "referrers-api", throws: failed }, { kind: "signature-tag" }],
      {},
      "unknown",
      "E_REGISTRY_UNAVAILABLE",
    ],
    [
      "a store that failed, another signer elsewhere",
      [
        { kind: "referrers-api", throws: failed },
        { kind: "signature-tag", signatures: [await signature("cosign-v2", mallory, SUBJECT)] },
      ],
      {},
      "unknown",
      "E_REGISTRY_UNAVAILABLE",
    ],
    [
      "a store that failed, the signer elsewhere",
      [
        { kind: "referrers-api", throws: failed },
        { kind: "signature-tag", signatures: [v2] },
      ],
      {},
      "verified",
      undefined,
    ],
    [
      "an attestation asked for, a signature there",
      [{ kind: "referrers-api", signatures: [v3] }],
      { kind: "attestation" },
      "unsigned",
      "E_SIG_NONE",
    ],
  ]
  it.each(cases)("%s", async (_name, places, request, state, code) => {
    const answer = await check(places, request)
    expect([answer.state, answer.code]).toEqual([state, code])
    expect(answer.result.verified[0]?.length).toBe(state === "verified" ? 1 : 0)
  })

  it("a manifest that ought to hold a signature, and does not, is named", async () => {
    const error = { code: "E_FORMAT_MALFORMED", message: "it has 2 layers" } as const
    const { result } = await check([{ kind: "referrers-api", others: [{ location, descriptor: notation, error }] }])
    const malformed = [{ reference: location.reference, message: "it has 2 layers" }]
    expect(result.errors[0]?.details).toMatchObject({ malformed })
    expect(result.errors[0]?.why).toContain(`${location.reference} is malformed: it has 2 layers`)
  })

  it("an artifact that does not exist is not called unsigned", async () => {
    const answer = await check([{ kind: "referrers-api" }], {}, new Map())
    expect([answer.state, answer.code]).toEqual(["unknown", "E_REF_TAG_NOT_FOUND"])
  })

  it("more signatures than are evaluated, none of them good, is unknown", async () => {
    const many = await Promise.all(Array.from({ length: 101 }, () => signature("cosign-v2", mallory, SUBJECT)))
    expect((await check([{ kind: "signature-tag", signatures: many }])).code).toBe("E_LIMIT_EXCEEDED")
  })

  it("the same document in two places counts once", async () => {
    const places: readonly Place[] = [
      { kind: "referrers-api", signatures: [v3] },
      { kind: "referrers-tag", signatures: [v3] },
    ]
    const { result } = await check(places, { everything: true })
    expect(result.report.artifacts[0]?.signatures.length).toBe(1)
  })

  it.each([
    ["no key", { keys: [] }, "E_TRUST_MISSING"],
    ["no target", { targets: [] }, "E_USAGE"],
    ["no format", { formats: [] }, "E_USAGE"],
  ] as const)("adv: sigstore/sigstore-go #609 %s is refused", async (_name, request, code) => {
    await expect(check([{ kind: "referrers-api", signatures: [v3] }], request)).rejects.toMatchObject({ code })
  })
})

describe("which places are asked", async () => {
  const v3 = await signature("cosign-v3", alice, SUBJECT)
  const nothing: readonly Place[] = [{ kind: "referrers-api" }, { kind: "referrers-tag" }, { kind: "signature-tag" }]

  it("a digest is not resolved, and reading stops when the answer is yes", async () => {
    const { asked } = await check([{ kind: "referrers-api", signatures: [v3] }, ...nothing.slice(1)])
    expect(asked).toEqual(["referrers-api"])
  })

  it("the referrers tag comes last where the registry has the referrers API", async () => {
    expect((await check(nothing)).asked.slice(0, 3)).toEqual(["referrers-api", "signature-tag", "referrers-tag"])
  })

  it("the referrers tag comes at once where it has none", async () => {
    const places: readonly Place[] = [{ kind: "referrers-api", outcome: "unsupported" }, ...nothing.slice(1)]
    expect((await check(places)).asked.slice(0, 3)).toEqual(["referrers-api", "referrers-tag", "signature-tag"])
  })

  it("everything is asked when everything is wanted", async () => {
    const { asked } = await check([{ kind: "referrers-api", signatures: [v3] }, ...nothing.slice(1)], {
      everything: true,
    })
    expect(asked.length).toBe(3)
  })

  it("adv: GHSA-m3cq-xcx9-3gvm a tag is resolved once", async () => {
    const { asked } = await check(
      nothing,
      { targets: [byTag] },
      new Map([["v1", manifest(SUBJECT)[1]], manifest(SUBJECT)]),
    )
    expect(asked.filter((question) => question === "resolve v1").length).toBe(1)
  })
})

describe("documents of nothing but brackets", () => {
  const subject = { subject: [{ digest: { sha256: SUBJECT.slice(7) } }], predicateType: "https://example.com/p" }
  const many = Array.from({ length: 150_000 }, () => "{}").join(",")
  const statement = JSON.stringify({ _type: "https://in-toto.io/Statement/v1", ...subject, predicate: [] })
  const payload = encodeUtf8(statement.replace('"predicate":[]', `"predicate":[${many}]`))
  const attested = async (key: SigningKey): Promise<RawSignature> => {
    const message = pae("application/vnd.in-toto+json", payload)
    const sig = encodeBase64(await key.sign(message, schemeFor(key, "sha256")))
    const bytes = encodeUtf8(
      JSON.stringify({
        payloadType: "application/vnd.in-toto+json",
        payload: encodeBase64(payload),
        signatures: [{ sig }],
      }),
    )
    const mediaType = "application/vnd.dsse.envelope.v1+json"
    return {
      location: { store: "attestation-tag", where: "registry.example/demo/app", reference: "here" },
      descriptor: { mediaType, size: bytes.length, digest: sha256Digest(bytes) },
      bytes,
      mediaType,
      annotations: {},
    }
  }
  const verify = async (key: SigningKey): ReturnType<typeof check> =>
    await check([{ kind: "attestation-tag", signatures: [await attested(key)] }], { kind: "attestation" })

  it("adv: resource exhaustion, an untrusted predicate is shown in part", async () => {
    const { state, result } = await verify(mallory)
    expect(state).toBe("untrusted")
    const claims = result.report.artifacts[0]?.signatures[0]?.claims as { predicate: readonly unknown[] }
    expect(claims.predicate.length).toBeLessThan(1000)
    expect(claims.predicate.at(-1)).toMatch(/^… 149\d{3} more not shown$/)
  })

  it("a trusted one verifies, and is whole for whoever asks for it", async () => {
    const { state, result } = await verify(alice)
    expect(state).toBe("verified")
    const claims = result.report.artifacts[0]?.signatures[0]?.claims as { predicate: readonly unknown[] }
    expect(claims.predicate.length).toBeLessThan(100_001)
    const content = result.verified[0]?.[0]?.content
    expect(content?.kind === "statement" && (content.predicate as readonly unknown[]).length).toBe(150_000)
  })
})

describe("indexes", async () => {
  const v3 = await signature("cosign-v3", alice, SUBJECT)
  const child = { mediaType: OCI_MANIFEST, digest: OTHER, size: 10 }
  const body = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] })
  const index = { mediaType: OCI_INDEX, digest: SUBJECT, size: body.length, body }
  const image = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: child, layers: [] })
  const manifests = new Map<string, Descriptor & { body?: string }>([
    [SUBJECT, index],
    [OTHER, { ...child, body: image }],
  ])

  it.each([
    ["that is not signed", manifests],
    ["that is not there, as in a mirror of some platforms,", new Map([[SUBJECT, index]])],
  ])("a child %s makes the index not verified", async (_name, there) => {
    const { app } = appWith([{ kind: "referrers-api", signatures: [v3] }], there)
    const request = {
      targets: [byDigest],
      kind: "signature",
      formats: ["cosign-v3"],
      annotations: {},
      checkClaims: true,
      everything: false,
      at: 0,
    } as const
    const keys = [{ name: "alice.pub", key: alice.publicKey }]
    const alone = await verifyArtifacts(app, { ...request, keys, recursive: false })
    expect(alone.report.artifacts[0]?.state).toBe("verified")
    const whole = await verifyArtifacts(app, { ...request, keys, recursive: true })
    expect(whole.report.artifacts[0]?.state).toBe("untrusted")
    expect(whole.report.artifacts[0]?.decision.verdict).toBe("deny")
    expect(whole.errors[0]?.code).toBe("E_SIG_SUBJECT_MISMATCH")
    expect(whole.verified[0]).toEqual([])
  })
})
