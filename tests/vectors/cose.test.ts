import { createPublicKey, type JsonWebKey, verify } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { type CborKey, type CborValue, parseCbor } from "../../src/codec/cbor.ts"
import { draftSign1, parseSign1 } from "../../src/envelopes/cose/sign1.ts"

const folder = fileURLToPath(new URL("../../../shared/vectors/cose/", import.meta.url))

interface Cbor {
  readonly cborHex: string
}
interface Vector {
  readonly title: string
  readonly key: JsonWebKey
  readonly alg: string
  readonly "sign1::sign"?: {
    readonly protectedHeaders: Cbor
    readonly unprotectedHeaders: Cbor
    readonly payload: string
    readonly tbsHex: Cbor
    readonly external?: string
    readonly expectedOutput: Cbor
  }
  readonly "sign1::verify"?: { readonly taggedCOSESign1: Cbor; readonly shouldVerify: boolean }
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

function holds({ key, alg }: Vector, message: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = createPublicKey({ key, format: "jwk" })
  const padding = alg.startsWith("PS") ? { padding: 6, saltLength: Number(alg.slice(2)) / 8 } : {}
  return verify(`sha${alg.slice(2)}`, message, { key: publicKey, dsaEncoding: "ieee-p1363", ...padding }, signature)
}

const there = existsSync(folder)
if (!there) console.warn(`skipped: no COSE vectors in ${folder}`)
const files = there ? readdirSync(folder).filter((name) => name.endsWith(".json")) : []
const vectors = files.map((file) => ({ file, ...(JSON.parse(readFileSync(folder + file, "utf8")) as Vector) }))
const signing = vectors.flatMap((vector) => {
  const sign = vector["sign1::sign"]
  return sign === undefined ? [] : [{ ...vector, sign }]
})
const verifying = vectors.flatMap((vector) => {
  const check = vector["sign1::verify"]
  return check === undefined ? [] : [{ ...vector, check }]
})

if (!there) it.skip(`needs ${folder}`, () => undefined)

describe.runIf(there)("COSE_Sign1 vectors", () => {
  it.each(signing)("$file: $title", (vector) => {
    const { sign } = vector
    const bytes = hex(sign.expectedOutput.cborHex)
    const { signature, payload, toBeSigned } = parseSign1(bytes)
    expect(toHex(payload)).toBe(sign.payload)
    // External data is no part of any format here.
    if (sign.external === undefined) {
      expect(toHex(toBeSigned)).toBe(sign.tbsHex.cborHex)
      expect(holds(vector, toBeSigned, signature)).toBe(true)
    }
    const header = (text: Cbor): ReadonlyMap<CborKey, CborValue> =>
      parseCbor(hex(text.cborHex), { what: "vector" }) as ReadonlyMap<CborKey, CborValue>
    const draft = draftSign1(header(sign.protectedHeaders), payload)
    expect(draft.toBeSigned).toEqual(toBeSigned)
    expect(toHex(draft.finish(signature, header(sign.unprotectedHeaders)))).toBe(sign.expectedOutput.cborHex)
  })

  it.each(verifying)("$file: $title", (vector) => {
    const { taggedCOSESign1, shouldVerify } = vector.check
    const bytes = hex(taggedCOSESign1.cborHex)
    if (shouldVerify) {
      const { toBeSigned, signature } = parseSign1(bytes)
      expect(holds(vector, toBeSigned, signature)).toBe(true)
    } else {
      expect(() => parseSign1(bytes)).toThrow(expect.objectContaining({ code: "E_FORMAT_MALFORMED" }) as Error)
    }
  })

  it("has cases of both kinds", () => {
    expect(signing.length).toBeGreaterThan(2)
    expect(verifying.length).toBeGreaterThan(3)
  })
})
