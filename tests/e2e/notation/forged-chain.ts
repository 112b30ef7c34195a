/** Certificate chains with one thing wrong, made link by link. */
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto"
import { localSigningKey } from "../../../src/crypto/local-key.ts"
import { defaultScheme } from "../../../src/crypto/schemes.ts"
import { buildCertificate, type ExtensionSpec } from "../../../src/crypto/x509/build-certificate.ts"
import {
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
} from "../../../src/crypto/x509/build-extensions.ts"

const DAY = 86_400_000
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3"

const AUTHORITY: readonly ExtensionSpec[] = [
  basicConstraintsExtension(true),
  keyUsageExtension(["keyCertSign", "cRLSign"]),
]
export const LEAF: readonly ExtensionSpec[] = [
  keyUsageExtension(["digitalSignature"]),
  extendedKeyUsageExtension([CODE_SIGNING]),
]

/** One certificate, the root first. */
export interface Link {
  /** Common name; absent: its place. */
  readonly name?: string
  /** Default: {@link AUTHORITY}, and {@link LEAF} for the last. */
  readonly extensions?: readonly ExtensionSpec[]
  /** Milliseconds from now. Default: a day ago, a day ahead. */
  readonly from?: number
  readonly until?: number
  /** Signed by this key instead of that of the link before. */
  readonly signedBy?: KeyObject
}

/** A leaf's key and the chain, leaf first, DER. */
export interface ForgedChain {
  readonly keyPem: string
  readonly chain: readonly Uint8Array[]
  /** Of each certificate, in the order of the chain. */
  readonly keys: readonly KeyObject[]
}

/** Make a chain of P-256 keys. @param links - root first, leaf last. */
export async function forgeChain(...links: readonly Link[]): Promise<ForgedChain> {
  const now = Date.now()
  const keys: KeyObject[] = []
  const chain: Uint8Array[] = []
  let issuer = ""
  for (const [index, link] of links.entries()) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const name = link.name ?? `link ${index}`
    const signWith = localSigningKey(link.signedBy ?? keys[0] ?? privateKey)
    chain.unshift(
      await buildCertificate({
        subject: nameOf(name),
        issuer: nameOf(issuer === "" ? name : issuer),
        serial: BigInt(`0x40${randomBytes(8).toString("hex")}`),
        notBefore: now + (link.from ?? -DAY),
        notAfter: now + (link.until ?? DAY),
        publicKey: localSigningKey(privateKey).publicKey.spki,
        extensions: link.extensions ?? (index === links.length - 1 ? LEAF : AUTHORITY),
        signWith,
        scheme: defaultScheme(signWith.publicKey),
      }),
    )
    keys.unshift(privateKey)
    issuer = name
  }
  const keyPem = keys[0]?.export({ type: "pkcs8", format: "pem" }).toString() ?? ""
  return { keyPem, chain, keys }
}

function nameOf(commonName: string): readonly (readonly [string, string])[] {
  return [
    ["C", "US"],
    ["ST", "WA"],
    ["O", "Forged"],
    ["CN", commonName],
  ]
}
