/** Salts of RSA-PSS in envelopes of the Notary Project, signed by OpenSSL. */
import { constants, sign } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Descriptor } from "../core/descriptor.ts"
import { keySpecByName } from "../crypto/key-spec.ts"
import { notationCandidate } from "../formats/notation/candidate.ts"
import { draftCoseEnvelope } from "../formats/notation/cose-envelope.ts"
import { draftJwsEnvelope } from "../formats/notation/jws-envelope.ts"
import { startTestAuthority, type TestAuthority, type TestSigner } from "../testing/index.ts"
import { judgeIntegrity } from "./certified.ts"

let authority: TestAuthority
let signer: TestSigner
beforeAll(async () => {
  authority = await startTestAuthority({ revocation: "none" })
  signer = await authority.issueSigner({ keyType: "rsa-2048" })
})
afterAll(() => authority.close())

const digest = `sha256:${"ab".repeat(32)}` as const
const payload = new TextEncoder().encode(
  JSON.stringify({ targetArtifact: { mediaType: "application/octet-stream", digest, size: 5 } }),
)

/** What becomes of the signature of an envelope. */
function outcomeOf(format: "notation" | "notation-cose", saltLength: number, changed = false): unknown {
  const keySpec = keySpecByName("RSA-2048")!
  const seconds = Math.floor(Date.now() / 1000)
  const text = new Date(seconds * 1000).toISOString().replace(".000Z", "Z")
  const start = format === "notation" ? draftJwsEnvelope : draftCoseEnvelope
  const draft = start({ payload, keySpec, times: { signing: { seconds, text } }, agent: "" })
  const padding = constants.RSA_PKCS1_PSS_PADDING
  const message = changed ? Uint8Array.of(...draft.message, 0) : draft.message
  const signature = Uint8Array.from(sign("sha256", message, { key: signer.keyPem, padding, saltLength }))
  const bytes = draft.finish(signature, { certificates: signer.chain })
  const mediaType = format === "notation" ? "application/jose+json" : "application/cose"
  const descriptor: Descriptor = { mediaType, digest, size: bytes.length }
  const location = { store: "file", where: "here", reference: "a" } as const
  const candidate = notationCandidate({ location, descriptor, bytes, mediaType, annotations: {} }, format, "artifact")
  const finding = judgeIntegrity(candidate).findings.find(({ check }) => check === "signature.cryptographic")
  return [finding?.outcome, finding?.code]
}

describe("JWS envelopes", () => {
  it.each([0, 20, 32, 222])("hold with a salt of %s bytes", (length) => {
    expect(outcomeOf("notation", length)).toEqual(["passed", undefined])
    expect(outcomeOf("notation", length, true)).toEqual(["failed", "E_SIG_INVALID"])
  })
})

describe("COSE envelopes", () => {
  it("hold with a salt as long as the hash", () => {
    expect(outcomeOf("notation-cose", 32)).toEqual(["passed", undefined])
  })

  it.each([0, 20, 31, 33, 222])("do not hold with a salt of %s bytes", (length) => {
    expect(outcomeOf("notation-cose", length)).toEqual(["failed", "E_SIG_INVALID"])
  })
})
