import { bundleFromJSON } from "@sigstore/bundle"
import { TrustedRoot } from "@sigstore/protobuf-specs"
import { toSignedEntity, toTrustMaterial } from "@sigstore/verify"
import { verifyTLogBody, verifyTLogInclusion } from "@sigstore/verify/dist/tlog/index.js"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../../src/core/errors.ts"
import { parseBundle } from "../../../src/envelopes/bundle/parse-bundle.ts"
import { judgeLogEntries } from "../../../src/trust/sigstore/log-entries.ts"
import { bundleOf, bundles, bytesOf, oldBundleOf, present, questionOf, rootPath } from "./shared.ts"

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- documents are taken apart as they come */

const folders = [
  "happy-path-v0.1",
  "happy-path-v0.3",
  "intoto-with-custom-trust-root",
  "managed-key-and-trusted-root",
  "rekor2-checkpoint-multiple-cosigs",
  "rekor2-checkpoint-origin-not-first",
  "rekor2-checkpoint-two-sigs-from-origin",
  "rekor2-timestamp-without-embedded-cert",
  "inclusion-proof-corrupted-hash_fail",
  "checkpoint-bad-keyhint_fail",
  "wrong-hashedrekord-entry_fail",
  "rekor2-checkpoint-missing-log-signature_fail",
]
const old = ["bundleV01-dsse-no-proof.sigstore", "bundleV02-intoto.sigstore", "bundleV03-intoto.sigstore"]

const flip = (base64: string, at: number): string => {
  const bytes = Buffer.from(bytesOf(base64))
  const place = at % bytes.length
  bytes[place]! ^= 1
  return bytes.toString("base64")
}
const plus = (text: string | undefined): string => (BigInt(text ?? 0) + 1n).toString()
const PLACES = [0, 1, 17, 40, 93, 150, 222, 301, 444, 999]

type Change = (entry: any) => unknown

/** Changes of an entry by name; one that the entry has no part for throws and is passed over. */
const changes: readonly (readonly [name: string, change: Change])[] = [
  ["nothing", () => undefined],
  ["index in the log", (entry) => (entry.logIndex = plus(entry.logIndex))],
  ["log id", (entry) => (entry.logId.keyId = flip(entry.logId.keyId, 3))],
  ["time", (entry) => (entry.integratedTime = plus(entry.integratedTime))],
  ["kind", (entry) => (entry.kindVersion.kind = "intoto" === entry.kindVersion.kind ? "dsse" : "intoto")],
  ["version", (entry) => (entry.kindVersion.version = "0.0.9")],
  ["no promise", (entry) => (entry.inclusionPromise = undefined)],
  ["no proof", (entry) => (entry.inclusionProof = undefined)],
  ["index in the tree", (entry) => (entry.inclusionProof.logIndex = plus(entry.inclusionProof.logIndex))],
  ["size", (entry) => (entry.inclusionProof.treeSize = plus(entry.inclusionProof.treeSize))],
  ["root", (entry) => (entry.inclusionProof.rootHash = flip(entry.inclusionProof.rootHash, 5))],
  ["fewer hashes", (entry) => void entry.inclusionProof.hashes.pop()],
  ["more hashes", (entry) => entry.inclusionProof.hashes.push(entry.inclusionProof.rootHash)],
  ["hashes turned", (entry) => entry.inclusionProof.hashes.reverse()],
  ...PLACES.flatMap((at) => [
    [
      `promise bit ${at}`,
      (entry: any): unknown =>
        (entry.inclusionPromise.signedEntryTimestamp = flip(entry.inclusionPromise.signedEntryTimestamp, at)),
    ] as const,
    [`body bit ${at}`, (entry: any): unknown => (entry.canonicalizedBody = flip(entry.canonicalizedBody, at))] as const,
    [
      `hash bit ${at}`,
      (entry: any) => {
        const { hashes } = entry.inclusionProof
        hashes[at % hashes.length] = flip(hashes[at % hashes.length], at)
      },
    ] as const,
    [
      `checkpoint character ${at}`,
      (entry: any) => {
        const text: string = entry.inclusionProof.checkpoint.envelope
        const place = at % text.length
        const letter = text[place] === "A" ? "B" : "A"
        entry.inclusionProof.checkpoint.envelope = text.slice(0, place) + letter + text.slice(place + 1)
      },
    ] as const,
  ]),
]

/** Verdicts that differ, and why ours is as it is. */
const explained: readonly { readonly change: RegExp; readonly ours: boolean; readonly why: string }[] = [
  { change: /^(size|root)$/, ours: false, why: "version 1: what the proof says must be what the log signed" },
  {
    change: /^index in the log$/,
    ours: false,
    why: "version 2: the index of the entry is the one that counts, as in Go",
  },
  { change: /^index in the tree$/, ours: true, why: "version 2: the index of the proof is not used, as in Go" },
]

function oursOf(document: any, folder: string | undefined): boolean {
  try {
    const question = questionOf(new TextEncoder().encode(JSON.stringify(document)), folder)
    const { findings } = judgeLogEntries(question)
    return findings.every(({ outcome, logged }) => outcome !== "failed" || logged === true)
  } catch (error) {
    expect(error).toBeInstanceOf(ToolError)
    return false
  }
}

function theirsOf(document: any, folder: string | undefined): boolean {
  const { tlogs } = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(readFileSync(rootPath(folder), "utf8"))))
  try {
    const entity = toSignedEntity(bundleFromJSON(document), artifactOf(folder))
    for (const entry of entity.tlogEntries) {
      verifyTLogInclusion(entry, tlogs)
      verifyTLogBody(entry, entity.signature)
    }
    return entity.tlogEntries.length > 0
  } catch {
    return false
  }
}

function artifactOf(folder: string | undefined): Buffer {
  const own = folder === undefined ? "" : join(bundles, folder, "artifact")
  return readFileSync(folder !== undefined && existsSync(own) ? own : join(bundles, "a.txt"))
}

function compare(bytes: Uint8Array, folder: string | undefined): string[] {
  const differences: string[] = []
  for (const [name, change] of changes) {
    const document = JSON.parse(new TextDecoder().decode(bytes))
    try {
      for (const entry of document.verificationMaterial.tlogEntries) change(entry)
    } catch {
      continue
    }
    const ours = oursOf(document, folder)
    const theirs = theirsOf(document, folder)
    const known = explained.some((row) => row.change.test(name) && row.ours === ours)
    if (ours !== theirs && !known) differences.push(`${name}: ours ${ours}, theirs ${theirs}`)
  }
  return differences
}

describe("verdicts on entries are those of @sigstore/verify", () => {
  if (!present) {
    it.skip("vectors are missing: sigstore-bundle, sigstore-js-bundles, trusted-roots", () => undefined)
    return
  }
  it.each(folders)("%s and what becomes of it", (folder) => {
    expect(compare(bundleOf(folder), folder)).toEqual([])
  })
  it.each(old)("%s and what becomes of it", (name) => {
    expect(parseBundle(oldBundleOf(name)).logEntries).toHaveLength(1)
    expect(compare(oldBundleOf(name), undefined)).toEqual([])
  })
})
