import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { goJson, sortedKeys } from "../../../src/codec/go-json.ts"
import type { JsonObject } from "../../../src/core/json-value.ts"
import { draftJws, parseJws } from "../../../src/envelopes/jws/flattened.ts"
import { parseJwsEnvelope } from "../../../src/formats/notation/jws-envelope.ts"
import { readSigned } from "./read-signed.ts"

const file = fileURLToPath(
  new URL("../../../../shared/vectors/notation/signature/jws/testdata/conformance.json", import.meta.url),
)
const there = existsSync(file)
if (!there) console.warn(`skipped: no JWS conformance vector at ${file}`)
if (!there) it.skip(`needs ${file}`, () => undefined)

describe.runIf(there)("JWS conformance vector", () => {
  const text = there ? readFileSync(file, "utf8") : "{}"
  const document = JSON.parse(text) as Record<string, string> & { readonly header: JsonObject }

  it("is read and written to the byte", () => {
    const jws = parseJws(new TextEncoder().encode(text))
    expect(jws.critical).toEqual(["io.cncf.notary.signingScheme", "signedCritKey1", "io.cncf.notary.expiry"])
    const protectedHeader = new TextEncoder().encode(goJson(sortedKeys(jws.protectedHeader)))
    const draft = draftJws({ payload: jws.payload, protectedHeader })
    expect(draft.signingInput).toEqual(jws.signingInput)
    const { payload, protected: header, signature } = document
    expect(JSON.parse(new TextDecoder().decode(draft.finish(jws.signature, document.header)))).toEqual({
      payload,
      protected: header,
      header: document.header,
      signature,
    })
  })

  it("holds the attributes that its signer was given", () => {
    const certified = readSigned().find(({ key, format }) => key === "ec-256" && format === "jws")
    const other = JSON.parse(new TextDecoder().decode(certified?.bytes)) as { readonly header: JsonObject }
    // The vector comes without certificates; any chain will do for reading.
    const envelope = { ...document, header: { ...document.header, x5c: other.header["x5c"] } }
    const { attributes } = parseJwsEnvelope(new TextEncoder().encode(JSON.stringify(envelope)))
    const signed = (key: string, critical: boolean, value: string): object => ({ key, critical, value })
    expect(attributes).toEqual({
      contentType: "application/vnd.cncf.notary.payload.v1+json",
      signingScheme: "notary.x509",
      signingTime: { at: Date.UTC(2022, 7, 29, 13, 50), zone: "Z" },
      expiry: { at: Date.UTC(2099, 7, 30, 13, 50), zone: "Z" },
      algorithm: "ECDSA-SHA-256",
      extended: [
        signed("signedCritKey1", true, "signedCritValue1"),
        ...["signedKey1", "signedKey2", "signedKey3", "signedKey4"].map((key) => signed(key, false, "signedValue1")),
      ],
      signingAgent: "NotationConformanceTest/1.0.0",
    })
  })
})
