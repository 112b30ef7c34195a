import { randomBytes } from "node:crypto"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { encodeBase64 } from "../../codec/base64.ts"
import { encodePem } from "../../codec/pem.ts"
import type { SigningKey } from "../../core/ports.ts"
import { generatePrivateKey, type KeyName } from "../../crypto/generate.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { extendedKeyUsageExtension, keyUsageExtension } from "../../crypto/x509/build-extensions.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { opensslThere, openTestPki, type TestPki } from "../../testing/openssl-authority.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import { buildOcspRequest } from "../../crypto/x509/ocsp-request.ts"
import { parseOcspResponse } from "../../crypto/x509/ocsp-response.ts"
import { type CertificateAuthority, createRootAuthority } from "./certificate-authority.ts"
import { createCrlHandler } from "./crl-handler.ts"
import { createOcspHandler } from "./ocsp-handler.ts"

const clock = { now: (): number => Date.now() }
const randomness = { bytes: (count: number): Uint8Array => new Uint8Array(randomBytes(count)) }
const SIGNER = [keyUsageExtension(["digitalSignature"])]

async function makeKey(name: KeyName = "ecdsa-p256"): Promise<SigningKey> {
  return localSigningKey(await generatePrivateKey(name))
}

async function bytesOf(response: Promise<Response>): Promise<Uint8Array> {
  return new Uint8Array(await (await response).arrayBuffer())
}

const pem = (der: Uint8Array): string => encodePem("CERTIFICATE", der)

describe.skipIf(!opensslThere)("what openssl makes of it", () => {
  let box: TestPki
  let root: CertificateAuthority
  let leaf: Certificate
  beforeAll(() => {
    box = openTestPki()
  })
  afterAll(() => {
    box.remove()
  })
  beforeEach(async () => {
    const key = await makeKey()
    root = await createRootAuthority([["CN", "Root"]], key, { clock, randomness })
    leaf = await root.issue({ subject: [["CN", "leaf"]], publicKey: key.publicKey.spki, extensions: SIGNER })
    box.write("our-root.pem", pem(root.certificate.raw))
    box.write("our-leaf.pem", pem(leaf.raw))
  })

  const judged = (response: Uint8Array): string => {
    box.write("our-response.der", response)
    return box.run(
      "ocsp",
      "-issuer",
      "our-root.pem",
      "-cert",
      "our-leaf.pem",
      "-respin",
      "our-response.der",
      "-CAfile",
      "our-root.pem",
      "-no_nonce",
    )
  }

  it.each<KeyName | "the authority">(["the authority", "ecdsa-p384", "rsa-2048", "ed25519"])(
    "answers of %s",
    async (name) => {
      const key = name === "the authority" ? undefined : await makeKey(name)
      const extensions = [...SIGNER, extendedKeyUsageExtension([EKU.ocspSigning])]
      const responder =
        key === undefined
          ? {}
          : {
              responder: {
                key,
                certificate: await root.issue({
                  subject: [["CN", "responder"]],
                  publicKey: key.publicKey.spki,
                  extensions,
                }),
              },
            }
      const handler = createOcspHandler({ authority: root, clock, ...responder })
      const request = buildOcspRequest(leaf, root.certificate)
      const get = (): Promise<Uint8Array> =>
        bytesOf(handler(new Request(`http://ocsp.test/x/${encodeURIComponent(encodeBase64(request))}`)))
      expect(judged(await get())).toContain("our-leaf.pem: good")
      root.revoke(leaf.serial, { reason: 1 })
      expect(
        judged(
          await bytesOf(handler(new Request("http://ocsp.test/", { method: "POST", body: new Uint8Array(request) }))),
        ),
      ).toMatch(/our-leaf.pem: revoked[^]*Reason: keyCompromise/)
      root.restore(leaf.serial)
      expect(judged(await get())).toContain("our-leaf.pem: good")
    },
  )

  it("lists and deltas", async () => {
    const base = createCrlHandler({ authority: root, clock, list: "base", freshest: ["http://crl.test/delta.crl"] })
    const delta = createCrlHandler({ authority: root, clock, list: "delta" })
    const shown = async (handler: typeof base): Promise<string> => {
      box.write("our.crl", await bytesOf(handler(new Request("http://crl.test/"))))
      return box.run("crl", "-inform", "der", "-in", "our.crl", "-CAfile", "our-root.pem", "-text", "-noout")
    }
    expect(await shown(base)).toContain("No Revoked Certificates")
    root.revoke(leaf.serial, { reason: 6, invalidityDate: Date.UTC(2026, 0, 2) })
    root.publish()
    const text = await shown(base)
    expect(text).toContain(leaf.serial.toString(16).toUpperCase())
    expect(text).toMatch(/Certificate Hold[^]*Invalidity Date[^]*Jan {2}2 00:00:00 2026/)
    expect(text).toContain("http://crl.test/delta.crl")
    expect(await shown(delta)).toMatch(/Delta CRL Indicator: critical[^]*No Revoked Certificates/)
    root.restore(leaf.serial)
    expect(await shown(base)).toContain("Certificate Hold")
    expect(await shown(delta)).toContain("Remove From CRL")
    root.publish()
    expect(await shown(base)).toContain("No Revoked Certificates")
  })
})

describe("requests that are none", () => {
  it.each([
    ["GET", "http://ocsp.test/", undefined, "malformedRequest"],
    ["GET", "http://ocsp.test/%%%", undefined, "malformedRequest"],
    ["GET", "http://ocsp.test/AAAA", undefined, "malformedRequest"],
    ["POST", "http://ocsp.test/", "x".repeat(20_000), "malformedRequest"],
    ["POST", "http://ocsp.test/", "x", "malformedRequest"],
  ])("%s %s", async (method, url, body, status) => {
    const key = await makeKey()
    const root = await createRootAuthority([["CN", "Root"]], key, { clock, randomness })
    const handler = createOcspHandler({ authority: root, clock })
    const response = await bytesOf(handler(new Request(url, { method, ...(body === undefined ? {} : { body }) })))
    expect(parseOcspResponse(response).status).toBe(status)
  })

  it("other issuers, other methods, serial numbers that were not issued", async () => {
    const key = await makeKey()
    const root = await createRootAuthority([["CN", "Root"]], key, { clock, randomness })
    const other = await createRootAuthority([["CN", "Other"]], key, { clock, randomness })
    const handler = createOcspHandler({ authority: root, clock })
    const body = new Uint8Array(buildOcspRequest({ serial: 5n }, other.certificate))
    expect(
      parseOcspResponse(await bytesOf(handler(new Request("http://o.test/", { method: "POST", body })))).status,
    ).toBe("unauthorized")
    expect((await handler(new Request("http://o.test/", { method: "PUT", body }))).status).toBe(405)
    expect(
      (
        await createCrlHandler({ authority: root, clock, list: "base" })(
          new Request("http://o.test/", { method: "PUT", body }),
        )
      ).status,
    ).toBe(405)
    const unknown = new Uint8Array(buildOcspRequest({ serial: 5n }, root.certificate))
    const { basic } = parseOcspResponse(
      await bytesOf(handler(new Request("http://o.test/", { method: "POST", body: unknown }))),
    )
    expect(basic?.responses[0]?.status).toBe("unknown")
    expect(() => {
      root.revoke(5n)
    }).toThrow("cannot be revoked")
    expect(() => {
      root.restore(5n)
    }).toThrow("cannot be revoked")
  })
})
