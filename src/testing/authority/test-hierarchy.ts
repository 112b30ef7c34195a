import { randomBytes } from "node:crypto"
import type { Clock, SigningKey } from "../../core/ports.ts"
import { generatePrivateKey, type KeyName } from "../../crypto/generate.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { extendedKeyUsageExtension, keyUsageExtension } from "../../crypto/x509/build-extensions.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import {
  type CertificateAuthority,
  createRootAuthority,
  type RevocationUrls,
} from "../../servers/authority/certificate-authority.ts"
import type { Impostors } from "./answer-faults.ts"

/** A key with its PEM, which only tests may see. */
export interface TestKey {
  readonly key: SigningKey
  /** PKCS#8 PEM. */
  readonly keyPem: string
}

/** An authority of the test PKI. */
export interface TestIssuer {
  /** In its URLs: `0` is the root, `1` and `2` the ones below, `tsa` the root of timestamps. */
  readonly name: string
  readonly authority: CertificateAuthority
  readonly impostors: Impostors
  /** Signs OCSP responses. */
  readonly responder: { readonly key: SigningKey; readonly certificate: Certificate }
}

export const randomness: { bytes(count: number): Uint8Array } = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
}

/** A new key. */
export async function makeTestKey(name: KeyName): Promise<TestKey> {
  const key = await generatePrivateKey(name)
  return { key: localSigningKey(key), keyPem: key.export({ type: "pkcs8", format: "pem" }).toString() }
}

/** Names that trust policies can match: country, state and organisation are always there. */
export function testName(commonName: string): readonly (readonly [string, string])[] {
  return [
    ["C", "US"],
    ["ST", "WA"],
    ["O", "Countersign Test"],
    ["CN", commonName],
  ]
}

/** Roots and the authorities below them, made when they are first needed. */
export interface TestHierarchy {
  /** @param depth - authorities above it: 0 is the root. */
  issuer(depth: number): Promise<TestIssuer>
  timestampIssuer(): Promise<TestIssuer>
  find(name: string): TestIssuer | undefined
}

/** @param urlsOf - where revocation of what an authority issues can be asked for. */
export function openHierarchy(clock: Clock, keyType: KeyName, urlsOf: (name: string) => RevocationUrls): TestHierarchy {
  const made = new Map<string, Promise<TestIssuer>>()
  const ready = new Map<string, TestIssuer>()
  const once = (name: string, make: () => Promise<CertificateAuthority>): Promise<TestIssuer> => {
    const known = made.get(name) ?? make().then((authority) => complete(name, authority))
    made.set(name, known)
    return known
  }
  const complete = async (name: string, authority: CertificateAuthority): Promise<TestIssuer> => {
    const issuer = { name, authority, ...(await helpers(name, authority, clock)) }
    ready.set(name, issuer)
    return issuer
  }
  const root = async (commonName: string): Promise<CertificateAuthority> =>
    createRootAuthority(testName(commonName), (await makeTestKey(keyType)).key, { clock, randomness })
  const issuer = (depth: number): Promise<TestIssuer> =>
    once(String(depth), async () => {
      if (depth === 0) return root("Test Root")
      const above = await issuer(depth - 1)
      const { key } = await makeTestKey(keyType)
      return above.authority.subordinate(testName(`Test Intermediate ${depth}`), key, urlsOf(above.name))
    })
  return {
    issuer,
    timestampIssuer: () => once("tsa", () => root("Test Timestamp Root")),
    find: (name) => ready.get(name),
  }
}

async function helpers(
  name: string,
  authority: CertificateAuthority,
  clock: Clock,
): Promise<Pick<TestIssuer, "impostors" | "responder">> {
  const [own, other, third] = await Promise.all([1, 2, 3].map(() => makeTestKey("ecdsa-p256")))
  if (own === undefined || other === undefined || third === undefined) throw new Error("no keys")
  const certified = (commonName: string, { key }: TestKey, usage: string): Promise<Certificate> =>
    authority.issue({
      subject: testName(commonName),
      publicKey: key.publicKey.spki,
      extensions: [keyUsageExtension(["digitalSignature"]), extendedKeyUsageExtension([usage])],
    })
  const stranger = await createRootAuthority(testName("Test Stranger"), third.key, { clock, randomness })
  return {
    responder: { key: own.key, certificate: await certified(`Test Responder ${name}`, own, EKU.ocspSigning) },
    impostors: {
      sibling: { key: other.key, certificate: await certified(`Test Sibling ${name}`, other, EKU.codeSigning) },
      stranger: { key: third.key, certificate: stranger.certificate },
    },
  }
}
