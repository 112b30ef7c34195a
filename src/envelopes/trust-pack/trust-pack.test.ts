import { createHash, createSign, generateKeyPairSync } from "node:crypto"
import { describe, expect, it } from "vitest"
import { generatePrivateKey } from "../../crypto/generate.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { publicKeyFromSpki } from "../../crypto/public-key.ts"
import {
  checkPackPath,
  encodePack,
  packMessage,
  packPayload,
  packScheme,
  TRUST_PACK_TYPE,
  type TrustPack,
  verifyPack,
} from "./trust-pack.ts"

const key = localSigningKey(await generatePrivateKey("ecdsa-p256"))
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const pack: TrustPack = {
  name: "trust",
  version: 7,
  created: Date.UTC(2027, 0, 1),
  files: [
    { path: "sigstore/trusted_root.json", bytes: text("{}") },
    { path: "keys/release.pub", bytes: text("key") },
  ],
}

async function sealed(payload: Uint8Array): Promise<Uint8Array> {
  return encodePack(payload, key.publicKey, await key.sign(packMessage(payload), packScheme(key.publicKey)))
}

/** The payload of a good pack, changed. */
function changed(change: (document: Record<string, unknown>) => unknown): Uint8Array {
  const document = JSON.parse(new TextDecoder().decode(packPayload(pack))) as Record<string, unknown>
  return text(JSON.stringify(change(document) ?? document))
}

function file(path: string, content = "x", more: object = {}): object {
  const bytes = Buffer.from(content)
  const sha256 = createHash("sha256").update(bytes).digest("hex")
  return { path, size: bytes.length, sha256, content: bytes.toString("base64"), ...more }
}

it("reads what it wrote, and says who signed", async () => {
  const read = verifyPack(await sealed(packPayload(pack)), [key.publicKey])
  expect(read).toMatchObject({ name: "trust", version: 7, created: pack.created, key: key.publicKey })
  expect(read.files.map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)])).toEqual([
    ["sigstore/trusted_root.json", "{}"],
    ["keys/release.pub", "key"],
  ])
})

it("reads what another program packed as the format says", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const payload = JSON.stringify({
    ...{ apiVersion: "countersign.dev/v1", kind: "TrustPack", name: "other", version: 1 },
    ...{ created: "2027-01-01T00:00:00Z", files: [file("a/b.txt", "hello")] },
  })
  const message = `DSSEv1 ${TRUST_PACK_TYPE.length} ${TRUST_PACK_TYPE} ${payload.length} ${payload}`
  const sig = createSign("sha256").update(message).sign(privateKey).toString("base64")
  const envelope = {
    payload: Buffer.from(payload).toString("base64"),
    payloadType: TRUST_PACK_TYPE,
    signatures: [{ sig }],
  }
  const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }))
  const read = verifyPack(text(JSON.stringify(envelope)), [publicKeyFromSpki(spki)])
  expect(new TextDecoder().decode(read.files[0]?.bytes)).toBe("hello")
})

describe("refuses", () => {
  const other = (document: Record<string, unknown>): Record<string, unknown>[] =>
    document["files"] as Record<string, unknown>[]

  it.each<[string, (document: Record<string, unknown>) => unknown]>([
    ["another kind", (document) => ({ ...document, kind: "Pack" })],
    ["another version of the format", (document) => ({ ...document, apiVersion: "countersign.dev/v2" })],
    ["an unknown member", (document) => ({ ...document, links: [] })],
    ["an unknown member of a file", (document) => ({ ...document, files: [file("a", "x", { link: "/etc" })] })],
    ["no files", (document) => ({ ...document, files: [] })],
    [
      "a thousand files and one",
      (document) => ({ ...document, files: Array.from({ length: 1001 }, (_, i) => file(`f${i}`)) }),
    ],
    ["version 0", (document) => ({ ...document, version: 0 })],
    ["a version that is a text", (document) => ({ ...document, version: "7" })],
    ["a version beyond a double", (document) => ({ ...document, version: 2 ** 60 })],
    ["a name that is a path", (document) => ({ ...document, name: "../trust" })],
    ["a time that is none", (document) => ({ ...document, created: "yesterday" })],
    ["a wrong size", (document) => ({ ...document, files: [{ ...other(document)[0], size: 3 }] })],
    ["a wrong digest", (document) => ({ ...document, files: [{ ...other(document)[0], sha256: "0".repeat(64) }] })],
    ["other content", (document) => ({ ...document, files: [{ ...other(document)[0], content: "e30K" }] })],
    ["content that is no base64", (document) => ({ ...document, files: [{ ...other(document)[0], content: "!" }] })],
    ["one path twice", (document) => ({ ...document, files: [file("a"), file("a")] })],
    ["one path twice but for case", (document) => ({ ...document, files: [file("A/b"), file("a/B")] })],
    ["a file that is a folder", (document) => ({ ...document, files: [file("a"), file("a/b")] })],
    ["a path upwards", (document) => ({ ...document, files: [file("../a")] })],
  ])("%s, properly signed", async (_, change) => {
    const bytes = await sealed(changed(change))
    expect(() => verifyPack(bytes, [key.publicKey])).toThrow(expect.objectContaining({ code: "E_TRUST_MALFORMED" }))
  })

  it.each(["null", "", "[]", "{", '{"kind":"TrustPack","kind":"TrustPack"}'])(
    "%j, properly signed",
    async (payload) => {
      const bytes = await sealed(text(payload))
      expect(() => verifyPack(bytes, [key.publicKey])).toThrow(expect.objectContaining({ code: "E_TRUST_MALFORMED" }))
    },
  )

  it("a key that did not sign, and no key", async () => {
    const bytes = await sealed(packPayload(pack))
    const stranger = localSigningKey(await generatePrivateKey("ed25519"))
    for (const keys of [[], [stranger.publicKey]]) {
      expect(() => verifyPack(bytes, keys)).toThrow(expect.objectContaining({ code: "E_SIG_INVALID" }))
    }
    expect(verifyPack(bytes, [stranger.publicKey, key.publicKey]).version).toBe(7)
  })

  it("every changed byte", async () => {
    const bytes = await sealed(packPayload(pack))
    for (let at = 0; at < bytes.length; at += 7) {
      const copy = bytes.slice()
      copy[at] = (copy[at] ?? 0) ^ 1
      let verified: unknown
      try {
        verified = verifyPack(copy, [key.publicKey])
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: expect.stringMatching(/^E_(?:SIG_INVALID|TRUST_MALFORMED)$/) as string })
        continue
      }
      // The hint of the key is not signed, and decides nothing; so may be the name of a member nobody reads.
      expect(verified).toMatchObject({ version: 7, files: pack.files })
    }
  })

  it.each(["", "{}", "[]", '{"payloadType":"text/plain","payload":"e30=","signatures":[{"sig":"AAAA"}]}'])(
    "the document %j",
    (document) => {
      expect(() => verifyPack(text(document), [key.publicKey])).toThrow(
        expect.objectContaining({ code: "E_TRUST_MALFORMED" }),
      )
    },
  )
})

it.each([
  "",
  ".",
  "..",
  "/a",
  "a/",
  "a//b",
  "a/../b",
  "./a",
  String.raw`a\b`,
  "a\0",
  "a\n",
  "C:/a",
  "a:b",
  ".hidden",
  "a/.b",
  "con",
  "a/NUL.txt",
  "com1",
  "a.",
  "a ",
  " a",
  "-rf",
  "ä",
  "x".repeat(129),
  "a/b/c/d/e/f/g/h/i",
  "~/a",
  "$HOME",
  "a*b",
])("adv: the path %j is refused", (path) => {
  expect(() => {
    checkPackPath(path)
  }).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }))
})

it.each(["a", "keys/release.pub", "notation/truststore/x509/ca/acme/my root.pem", "a_b-c+d@e=f(1),2.txt"])(
  "the path %j is fine",
  (path) => {
    expect(() => {
      checkPackPath(path)
    }).not.toThrow()
  },
)
