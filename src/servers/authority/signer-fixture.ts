/** Pieces for tests of certificates as Fulcio issues them. */
import { DER_TAG, encodeDer, encodeDerOid } from "../../codec/der.ts"
import { contextTag, DER_STRING } from "../../codec/der-values.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { ExtensionSpec } from "../../crypto/x509/build-certificate.ts"
import {
  alternativeNamesExtension,
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
} from "../../crypto/x509/build-extensions.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import { type Holder, type HolderOptions, makeHolder } from "./timestamp-fixture.ts"

const ARC = "1.3.6.1.4.1.57264.1"

/** When certificates of these tests are issued; they are valid for ten minutes. */
export const ISSUED_AT: number = Date.UTC(2026, 10, 20, 12)
export const EXPIRES_AT: number = ISSUED_AT + 600_000
const DAY = 86_400_000

/** Validity of authorities. */
export const longLived: { readonly notBefore: number; readonly notAfter: number } = {
  notBefore: ISSUED_AT - 100 * DAY,
  notAfter: ISSUED_AT + 100 * DAY,
}

/** Key usage and extended key usage of Fulcio's certificates. */
export const signerExtensions: readonly ExtensionSpec[] = [
  keyUsageExtension(["digitalSignature"]),
  extendedKeyUsageExtension([EKU.codeSigning]),
]

/** An extension that holds a text as it is. */
export function rawExtension(arc: number, text: string): ExtensionSpec {
  return { oid: `${ARC}.${arc}`, critical: false, value: encodeUtf8(text) }
}

/** An extension that holds a DER UTF8String. */
export function textExtension(arc: number, text: string): ExtensionSpec {
  return { oid: `${ARC}.${arc}`, critical: false, value: encodeDer(DER_STRING.utf8, encodeUtf8(text)) }
}

/** An extension with these very bytes. */
export function bytesExtension(arc: number, ...bytes: readonly number[]): ExtensionSpec {
  return { oid: `${ARC}.${arc}`, critical: false, value: Uint8Array.from(bytes) }
}

/** subjectAltName of GeneralNames given as DER. */
export function namesExtension(...names: readonly Uint8Array[]): ExtensionSpec {
  return { oid: "2.5.29.17", critical: true, value: encodeDer(DER_TAG.sequence, ...names) }
}

/** GeneralName with an OtherName. */
export function otherName(text: string, type = `${ARC}.7`): Uint8Array {
  const value = encodeDer(contextTag(0, true), encodeDer(DER_STRING.utf8, encodeUtf8(text)))
  return encodeDer(contextTag(0, true), encodeDerOid(type), value)
}

/** GeneralName of a kind whose text is not encoded. @param tag - 1 e-mail, 2 DNS, 6 URI, 7 IP. */
export function generalName(tag: number, value: string | Uint8Array): Uint8Array {
  return encodeDer(contextTag(tag, false), typeof value === "string" ? encodeUtf8(value) : value)
}

/** A self-signed certificate with these extensions: what it says matters, nobody trusts it. */
export async function certificateWith(...extensions: readonly ExtensionSpec[]): Promise<Certificate> {
  return (await makeHolder("CN=nobody@example.com", { extensions })).certificate
}

/** A root, an intermediate on P-384, and what they issue. */
export interface TestCa {
  readonly root: Holder
  readonly intermediate: Holder
}

/** Make a certificate authority. */
export async function makeCa(name = "Test Fulcio"): Promise<TestCa> {
  const root = await makeHolder(`${name} Root`, { ...longLived, keyName: "ecdsa-p384" })
  const intermediate = await makeHolder(`${name} Intermediate`, {
    ...longLived,
    issuer: root,
    keyName: "ecdsa-p384",
    extensions: [
      basicConstraintsExtension(true, 0),
      keyUsageExtension(["keyCertSign", "cRLSign"]),
      extendedKeyUsageExtension([EKU.codeSigning]),
    ],
  })
  return { root, intermediate }
}

/** A signer's certificate. */
export function makeSigner(ca: TestCa, options: HolderOptions = {}): Promise<Holder> {
  return makeHolder("", {
    issuer: ca.intermediate,
    notBefore: ISSUED_AT,
    notAfter: EXPIRES_AT,
    extensions: [
      ...signerExtensions,
      alternativeNamesExtension(["email:user@example.com"], true),
      rawExtension(1, "https://issuer.example"),
      textExtension(8, "https://issuer.example"),
    ],
    ...options,
  })
}
