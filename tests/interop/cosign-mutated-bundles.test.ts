/** Bundles of files that were changed: the real cosign 3 and our face say yes and no to the same ones, but for a few. */
import { readFile, writeFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { havePeers } from "./peers.ts"
import { BOTH, config, identity, must, path, root, start, stop, twice } from "./verify-twice.ts"

/** As far as it is changed here. */
interface Entry {
  logIndex: string
  logId: { keyId: string }
  kindVersion: { kind: string; version: string }
  integratedTime?: string
  inclusionPromise?: { signedEntryTimestamp: string }
  inclusionProof?: {
    logIndex?: string
    rootHash: string
    treeSize: string
    hashes?: string[]
    checkpoint?: { envelope: string }
  }
  canonicalizedBody: string
}
interface Bundle {
  mediaType?: string
  verificationMaterial: {
    certificate?: object
    x509CertificateChain?: object
    tlogEntries: Entry[]
    timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] }
  }
  messageSignature: { messageDigest?: { algorithm: string; digest: string }; signature: string }
  [unknown: string]: unknown
}
type Change = (bundle: Bundle, entry: Entry, other: Bundle) => unknown

const flipped = (text: string, at = 20): string =>
  text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1)

/** Exit codes with the logs of version 1 and 2; `ours` where this face has another one, as its page says. */
const changes: readonly (readonly [name: string, v1: number, v2: number, change: Change, ours?: number])[] = [
  ["nothing", 0, 0, () => undefined],
  ["no entry", 1, 1, (bundle) => (bundle.verificationMaterial.tlogEntries = [])],
  ["no proof", 1, 1, (_, entry) => delete entry.inclusionProof],
  ["no promise", 1, 0, (_, entry) => delete entry.inclusionPromise],
  [
    "another promise",
    1,
    0,
    (_, { inclusionPromise: promise }) => {
      if (promise !== undefined) promise.signedEntryTimestamp = flipped(promise.signedEntryTimestamp)
    },
  ],
  ["another body", 1, 1, (_, entry) => (entry.canonicalizedBody = flipped(entry.canonicalizedBody, 200))],
  [
    "entry of another bundle",
    1,
    1,
    ({ verificationMaterial: material }, _, other) => {
      material.tlogEntries = other.verificationMaterial.tlogEntries
    },
  ],
  ["entry twice", 1, 1, ({ verificationMaterial: { tlogEntries } }, entry) => tlogEntries.push(entry)],
  [
    "entry of another bundle beside its own",
    1,
    1,
    ({ verificationMaterial: { tlogEntries } }, _, other) => {
      tlogEntries.push(...other.verificationMaterial.tlogEntries)
    },
  ],
  ["another time", 1, 1, (_, entry) => (entry.integratedTime = "1700000000")],
  ["another index", 1, 1, (_, entry) => (entry.logIndex = "99")],
  // Of a version 2 log the checkpoint says what the tree is.
  ["another index in the tree", 1, 0, (_, { inclusionProof: proof }) => proof && (proof.logIndex = "99")],
  ["another tree", 1, 0, (_, { inclusionProof: proof }) => proof && (proof.treeSize = "1000")],
  ["another root", 1, 0, (_, { inclusionProof: proof }) => proof && (proof.rootHash = flipped(proof.rootHash))],
  [
    "other hashes",
    1,
    1,
    (_, { inclusionProof: proof }) => proof && (proof.hashes = [...(proof.hashes ?? []), proof.rootHash]),
  ],
  [
    "another checkpoint",
    1,
    1,
    (_, { inclusionProof: proof }) => {
      const checkpoint = proof?.checkpoint
      if (checkpoint === undefined) return
      const start = checkpoint.envelope.indexOf("\u2014")
      checkpoint.envelope = flipped(checkpoint.envelope, checkpoint.envelope.indexOf(" ", start + 2) + 30)
    },
  ],
  ["no checkpoint", 1, 1, (_, { inclusionProof: proof }) => delete proof?.checkpoint],
  ["another log", 1, 1, (_, { logId }) => (logId.keyId = flipped(logId.keyId))],
  ["another kind beside the entry", 0, 0, (_, { kindVersion }) => (kindVersion.kind = "dsse"), 1],
  ["another version beside the entry", 0, 0, (_, { kindVersion }) => (kindVersion.version = "0.0.3"), 1],
  ["no timestamp", 0, 1, ({ verificationMaterial: m }) => delete m.timestampVerificationData],
  [
    "timestamp of another signature",
    0,
    1,
    ({ verificationMaterial: material }, _, { verificationMaterial: { timestampVerificationData: data } }) => {
      if (data !== undefined) material.timestampVerificationData = data
    },
  ],
  [
    "another digest",
    1,
    1,
    ({ messageSignature: { messageDigest: digest } }) => digest && (digest.digest = flipped(digest.digest)),
  ],
  [
    "another algorithm",
    1,
    1,
    ({ messageSignature: { messageDigest: digest } }) => digest && (digest.algorithm = "SHA2_512"),
  ],
  ["no digest", 1, 1, ({ messageSignature }) => delete messageSignature.messageDigest, 0],
  [
    "signature of another bundle",
    1,
    1,
    (bundle, _, other) => (bundle.messageSignature.signature = other.messageSignature.signature),
  ],
  [
    "certificate of another bundle",
    1,
    1,
    ({ verificationMaterial: material }, _, { verificationMaterial: { certificate } }) => {
      if (certificate !== undefined) material.certificate = certificate
    },
  ],
  ["no certificate", 1, 1, ({ verificationMaterial }) => delete verificationMaterial.certificate],
  [
    "chain instead of a certificate",
    1,
    1,
    ({ verificationMaterial: material }) => {
      material.x509CertificateChain = { certificates: [material.certificate] }
      delete material.certificate
    },
  ],
  ["version 0.4", 1, 1, (bundle) => (bundle.mediaType = "application/vnd.dev.sigstore.bundle.v0.4+json")],
  ["no type", 1, 1, (bundle) => delete bundle.mediaType],
  ["an unknown member", 1, 1, (bundle) => (bundle["somethingElse"] = 1)],
]

describe.runIf(havePeers(...BOTH))("changed bundles", () => {
  beforeAll(async () => {
    await start()
    for (const log of ["v1", "v2"]) {
      await must("cosign3", "sign-blob", ...(await config(log)), "--bundle", `other-${log}.json`, "other.txt")
      await must("cosign3", "sign-blob", ...(await config(log)), "--bundle", `${log}.sigstore.json`, "app.txt")
    }
  })
  afterAll(stop)

  const read = async (name: string): Promise<Bundle> => JSON.parse(await readFile(path(name), "utf8")) as Bundle

  it.each(changes.map(([name, v1, v2, change, ours]) => ({ name, v1, v2, change, ours })))("$name", async (asked) => {
    const { v1, v2, change, ours } = asked
    for (const [log, code] of [
      ["v1", v1],
      ["v2", v2],
    ] as const) {
      const bundle = await read(`${log}.sigstore.json`)
      const [entry] = bundle.verificationMaterial.tlogEntries
      if (entry === undefined) throw new Error("the bundle has no entry")
      change(bundle, entry, await read(`other-${log}.json`))
      await writeFile(path("changed.json"), JSON.stringify(bundle))
      const args = ["verify-blob", ...identity(), ...root("cosign3"), "--bundle", "./changed.json", "./app.txt"]
      const { theirs, own } = await twice("cosign3", args)
      expect([theirs.code, own.code], `${log}\n${theirs.stderr}\n${own.stderr}`).toEqual([code, ours ?? code])
      if (own.code !== 0) expect(own.stderr).not.toContain("Verified OK")
    }
  })
})
