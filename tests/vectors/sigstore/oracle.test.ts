import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { bundleFromJSON } from "@sigstore/bundle"
import { TrustedRoot as JsTrustedRoot } from "@sigstore/protobuf-specs"
import { toSignedEntity, toTrustMaterial, type TrustMaterial, Verifier } from "@sigstore/verify"
import { beforeAll, describe, expect, it } from "vitest"
import { decodeBase64 } from "../../../src/codec/base64.ts"
import { asToolError } from "../../../src/core/errors.ts"
import type { TrustedRoot } from "../../../src/core/sigstore.ts"
import { digestOf } from "../../../src/crypto/hash.ts"
import { loadPrehash } from "../../../src/crypto/prehash.ts"
import { parseTrustedRoot } from "../../../src/envelopes/trusted-root/trusted-root.ts"
import { blobFormats } from "../../../src/formats/index.ts"
import { evaluateSigstore } from "../../../src/trust/sigstore/evaluate.ts"
import { mockInstance, PAYLOAD_TYPE } from "./mock-instance.ts"

await loadPrehash()

type Json = Record<string, unknown>

// The instance makes its root certificates now, whatever its clock says.
const AT = Math.floor(Date.now() / 1000) * 1000 + 60_000
const shared = join(import.meta.dirname, "../../../../shared/vectors")
const present = existsSync(shared)
if (!present) console.warn(`skipped: no vectors in ${shared}`)

/** A bundle, what it is about and whom it is judged by. */
interface Case {
  readonly name: string
  readonly bundle: Json
  readonly artifact: Uint8Array
  readonly root: Json
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value))
}

function readJson(path: string): Json {
  return JSON.parse(readFileSync(path, "utf8")) as Json
}

const trusts = new WeakMap<Json, TrustMaterial>()

/** What the other implementation says. @param holders - takes whom it says has signed. */
function theirs({ bundle, artifact, root }: Case, holders: string[] = []): string {
  try {
    const trust = trusts.get(root) ?? toTrustMaterial(JsTrustedRoot.fromJSON(root))
    trusts.set(root, trust)
    const parsed = bundleFromJSON(bundle)
    const { identity } = new Verifier(trust).verify(toSignedEntity(parsed, Buffer.from(artifact)))
    holders.push(`${identity?.subjectAlternativeName} of ${identity?.extensions?.issuer}`)
    return "accepted"
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

const roots = new WeakMap<Json, TrustedRoot>()

/** What ours says. @param holders - as above. */
function ours({ bundle, artifact, root }: Case, holders: string[] = []): string {
  try {
    const trusted = roots.get(root) ?? parseTrustedRoot(encode(root))
    roots.set(root, trusted)
    const candidate = blobFormats.parseBundle(encode(bundle))
    const digests = Object.fromEntries(
      (["sha256", "sha384", "sha512"] as const).map((hash) => [hash, digestOf(hash, artifact)]),
    )
    const anybody = { kind: "pattern", pattern: ".*", anchored: false } as const
    const { findings, signer } = evaluateSigstore({
      candidate,
      root: trusted,
      signer: {
        kind: "identities",
        identities: [{ subject: anybody, extensions: {}, text: "anybody" }],
        sct: "require",
      },
      witnesses: { logs: 1, timestamps: 0 },
      at: AT,
      artifact: { digests, bytes: artifact },
    })
    const hex = Buffer.from(digestOf("sha256", artifact)).toString("hex")
    const about =
      candidate.signed.kind === "artifact"
        ? candidate.bind({ digest: `sha256:${hex}` }, { kind: "signature", annotations: {} })
        : []
    const bad = [...findings, ...about].find(
      ({ outcome, logged }) => outcome !== "passed" && outcome !== "skipped" && logged !== true,
    )
    if (bad !== undefined) return `${bad.code}: ${bad.observed} ${bad.detail ?? ""}`
    if (signer?.kind !== "keyless") return "no signer"
    holders.push(`${signer.name} of ${signer.issuer}`)
    return "accepted"
  } catch (thrown) {
    const error = asToolError(thrown)
    return `${error.code}: ${error.message}`
  }
}

/** Change one thing. */
interface Mutation {
  /** Names of the members, array positions as `*`. */
  readonly path: string
  readonly kind: string
  readonly bundle: Json
}

function isBase64(text: string): boolean {
  return text.length > 8 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+=*$/.test(text)
}

function bytesOf(text: string): Uint8Array {
  return decodeBase64(text, { max: 65_536, what: "member" })
}

function flip(text: string, where: number): string {
  const bytes = Buffer.from(bytesOf(text))
  const at = Math.min(bytes.length - 1, Math.floor(bytes.length * where))
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes.toString("base64")
}

function variants(value: unknown, path: string): readonly (readonly [string, unknown])[] {
  const removed = [
    ["removed", undefined],
    ["null", null],
  ] as const
  if (Array.isArray(value)) {
    const list = value as readonly unknown[]
    return [...removed, ["emptied", []], ...(list.length > 0 ? [["doubled", [...list, list[0]]] as const] : [])]
  }
  if (typeof value !== "string") return removed
  if (path.endsWith("checkpoint.envelope")) {
    const lines = value.split("\n")
    return [
      ...removed,
      ["emptied", ""],
      ["without its last lines", lines.slice(0, -2).join("\n")],
      ["with another size", [lines[0], "2", ...lines.slice(2)].join("\n")],
      ["with another origin", ["other", ...lines.slice(1)].join("\n")],
    ]
  }
  if (/^\d+$/.test(value)) return [...removed, ["plus one", String(Number(value) + 1)], ["zero", "0"]]
  if (isBase64(value)) {
    const flips = [0, 0.6, 1].map((where) => ["flipped", flip(value, where)] as const)
    return [
      ...removed,
      ["emptied", ""],
      ...flips,
      ["cut", Buffer.from(bytesOf(value).subarray(0, -1)).toString("base64")],
    ]
  }
  return [...removed, ["lengthened", `${value}x`]]
}

/** Every change of every member. */
function* mutations(root: Json): Generator<Mutation> {
  const walk = function* (value: unknown, path: readonly (string | number)[]): Generator<Mutation> {
    if (path.length > 0) {
      const name = path.map((part) => (typeof part === "number" ? "*" : part)).join(".")
      for (const [kind, changed] of variants(value, name)) {
        const bundle = structuredClone(root)
        let parent: unknown = bundle
        for (const part of path.slice(0, -1)) parent = (parent as Json)[part]
        const last = path.at(-1) ?? ""
        if (changed === undefined && Array.isArray(parent)) parent.splice(Number(last), 1)
        else if (changed === undefined) Reflect.deleteProperty(parent as Json, last)
        else (parent as Json)[last] = changed
        yield { path: name, kind, bundle }
      }
    }
    if (typeof value !== "object" || value === null) return
    for (const [key, item] of Object.entries(value))
      yield* walk(item, [...path, Array.isArray(value) ? Number(key) : key])
  }
  yield* walk(root, [])
}

const cases: Case[] = []

beforeAll(async () => {
  const instance = await mockInstance(new Date(AT))
  const root = instance.trustedRoot
  const message = encode("a message")
  const payload = encode({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "x", digest: { sha256: "00" } }],
    predicateType: PAYLOAD_TYPE,
  })
  cases.push(
    { name: "mock message", bundle: await instance.signMessage(message), artifact: message, root },
    {
      name: "mock message without timestamp",
      bundle: await instance.signMessage(message, { timestamp: false }),
      artifact: message,
      root,
    },
    { name: "mock envelope", bundle: await instance.signEnvelope(payload), artifact: message, root },
  )
  if (!present) return
  const publicGood = readJson(join(shared, "trusted-roots/trusted-root-public-good.json"))
  const vectors = join(shared, "sigstore-bundle")
  for (const name of ["happy-path-v0.1", "intoto-with-custom-trust-root", "rekor2-timestamp-without-embedded-cert"]) {
    const own = join(vectors, name, "trusted_root.json")
    const artifact = join(vectors, name, "artifact")
    cases.push({
      name,
      bundle: readJson(join(vectors, name, "bundle.sigstore.json")),
      artifact: new Uint8Array(readFileSync(existsSync(artifact) ? artifact : join(vectors, "a.txt"))),
      root: existsSync(own) ? readJson(own) : publicGood,
    })
  }
  const js = join(shared, "sigstore-js-bundles")
  for (const name of readdirSync(js).filter((item) => /^bundle(V01-full|V03).*\.sigstore$/.test(item))) {
    cases.push({ name, bundle: readJson(join(js, name)), artifact: message, root: publicGood })
  }
})

/** A difference that is meant: what was changed, who still accepts it, and why that is right. */
interface Difference {
  readonly accepts: "ours" | "theirs"
  /** Start of the member's path. */
  readonly path: string
  readonly kinds: readonly string[]
  readonly why: string
  used?: true
}

const ENTRY = "verificationMaterial.tlogEntries.*"
const STAMPS = "verificationMaterial.timestampVerificationData.rfc3161Timestamps"
const BYTES = ["flipped", "cut", "emptied", "removed", "null"]
const DIFFERENCES: readonly Difference[] = [
  {
    accepts: "ours",
    path: "messageSignature.messageDigest",
    kinds: ["removed", "null"],
    why: "the digest is a hint; cosign 3.1 leaves it out for Ed25519, and the signature covers the artifact itself",
  },
  {
    accepts: "ours",
    path: STAMPS,
    kinds: ["doubled"],
    why: "a timestamp that comes twice counts once, as in sigstore-go",
  },
  {
    accepts: "ours",
    path: `${STAMPS}.*`,
    kinds: [...BYTES],
    why: "a timestamp that does not hold counts for nothing while the log's time is vouched for, as in sigstore-go",
  },
  {
    accepts: "ours",
    path: `${ENTRY}.inclusionProof.checkpoint`,
    kinds: ["removed", "null", "emptied"],
    why: "bundles of version 0.1 need the log's promise alone, which holds",
  },
  {
    accepts: "ours",
    path: `${ENTRY}.inclusionProof.logIndex`,
    kinds: ["removed", "null", "zero", "plus one"],
    why: "in version 2 logs the entry's own index counts, and the proof's copy is not looked at, as in sigstore-go",
  },
  {
    accepts: "theirs",
    path: `${ENTRY}.logIndex`,
    kinds: ["removed", "null", "zero", "plus one"],
    why: "in version 2 logs the entry's own index is the one that is proven",
  },
  {
    accepts: "theirs",
    path: `${ENTRY}.inclusionProof.rootHash`,
    kinds: [...BYTES],
    why: "what the proof says must be what the checkpoint says",
  },
  {
    accepts: "theirs",
    path: `${ENTRY}.inclusionProof.treeSize`,
    kinds: ["removed", "null", "zero", "plus one"],
    why: "what the proof says must be what the checkpoint says",
  },
  {
    accepts: "theirs",
    path: "mediaType",
    kinds: ["lengthened"],
    why: "a version that nobody knows is not read",
  },
  {
    accepts: "theirs",
    path: "messageSignature.messageDigest.algorithm",
    kinds: ["removed", "null"],
    why: "a digest without algorithm says nothing",
  },
  {
    accepts: "theirs",
    path: "verificationMaterial.certificate.rawBytes",
    kinds: ["flipped"],
    why: "a certificate is a SEQUENCE, and nothing else",
  },
  {
    accepts: "theirs",
    path: `${STAMPS}.*.signedTimestamp`,
    kinds: ["flipped"],
    why: "an answer is a SEQUENCE, and nothing else",
  },
  {
    accepts: "theirs",
    path: "verificationMaterial.x509CertificateChain.certificates.*.rawBytes",
    kinds: ["flipped", "cut"],
    why: "what comes along must be certificates, and no root that is not trusted anyway",
  },
]

function explains(difference: Difference, accepts: "ours" | "theirs", { path, kind }: Mutation): boolean {
  return difference.accepts === accepts && path.startsWith(difference.path) && difference.kinds.includes(kind)
}

describe("beside @sigstore/verify", () => {
  it("agrees on bundles as they are, and on who signed them", () => {
    for (const item of cases) {
      const [mine, other]: string[][] = [[], []]
      expect([item.name, ours(item, mine), theirs(item, other)]).toEqual([item.name, "accepted", "accepted"])
      expect(mine).toHaveLength(1)
      expect(mine).toEqual(other)
    }
  })

  it("agrees on changed bundles, or differs as explained", { timeout: 240_000 }, () => {
    const unexplained: string[] = []
    const internal: string[] = []
    for (const item of cases) {
      for (const mutation of mutations(item.bundle)) {
        const changed = { ...item, bundle: mutation.bundle }
        const [mine, other] = [ours(changed), theirs(changed)]
        const where = `${item.name}: ${mutation.path} ${mutation.kind}`
        if (mine.startsWith("E_INTERNAL")) internal.push(`${where}: ${mine}`)
        if ((mine === "accepted") === (other === "accepted")) continue
        const accepts = mine === "accepted" ? "ours" : "theirs"
        const row = DIFFERENCES.find((difference) => explains(difference, accepts, mutation))
        if (row === undefined) unexplained.push(`${where}: ours ${mine}, theirs ${other}`)
        else row.used = true
      }
    }
    expect(internal).toEqual([])
    expect(unexplained).toEqual([])
    if (present) expect(DIFFERENCES.filter(({ used }) => used !== true)).toEqual([])
  })
})
