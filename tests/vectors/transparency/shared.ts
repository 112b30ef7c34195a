import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { decodeBase64 } from "../../../src/codec/base64.ts"
import type { HashAlgorithm, PublicKey } from "../../../src/core/ports.ts"
import { encodePem } from "../../../src/codec/pem.ts"
import { parsePublicKey } from "../../../src/crypto/public-key.ts"
import type { TrustedLog } from "../../../src/core/sigstore.ts"
import { parseCertificate } from "../../../src/crypto/x509/parse-certificate.ts"
import type { UnverifiedBundle } from "../../../src/envelopes/bundle/bundle.ts"
import { parseBundle } from "../../../src/envelopes/bundle/parse-bundle.ts"
import type { LogQuestion } from "../../../src/trust/sigstore/log-entries.ts"

const shared = join(import.meta.dirname, "../../../../shared/vectors")
const PUBLIC_GOOD = join(shared, "trusted-roots", "trusted-root-public-good.json")
export const bundles: string = join(shared, "sigstore-bundle")
const oldBundles: string = join(shared, "sigstore-js-bundles")
export const present: boolean = [bundles, oldBundles, PUBLIC_GOOD].every((path) => existsSync(path))
if (!present) console.warn(`skipped: no vectors in ${shared}`)

interface JsonLog {
  readonly baseUrl: string
  readonly publicKey: {
    readonly rawBytes: string
    readonly keyDetails: string
    readonly validFor: { readonly start: string; readonly end?: string }
  }
  readonly logId: { readonly keyId: string }
}

interface JsonRoot {
  readonly tlogs: readonly JsonLog[]
  readonly ctlogs: readonly JsonLog[]
  readonly certificateAuthorities: readonly {
    readonly certChain: { readonly certificates: readonly { readonly rawBytes: string }[] }
  }[]
}

/** What of a trusted root these tests need, read by hand. */
export interface TestRoot {
  readonly tlogs: readonly TrustedLog[]
  readonly ctlogs: readonly TrustedLog[]
  /** DER of every certificate of every authority. */
  readonly authorities: readonly Uint8Array[]
}

export function bytesOf(base64: string): Uint8Array {
  return decodeBase64(base64, { max: 10_000_000, what: "vector" })
}

function logOf({ baseUrl, publicKey, logId }: JsonLog): TrustedLog {
  const { start, end } = publicKey.validFor
  const raw = bytesOf(publicKey.rawBytes)
  const pkcs1 = publicKey.keyDetails.startsWith("PKCS1_")
  const key: PublicKey = parsePublicKey(pkcs1 ? Buffer.from(encodePem("RSA PUBLIC KEY", raw)) : raw)
  return {
    baseUrl,
    key,
    keyDetails: publicKey.keyDetails,
    logId: bytesOf(logId.keyId),
    validFor: { start: Date.parse(start), ...(end === undefined ? {} : { end: Date.parse(end) }) },
  }
}

/** Where the trusted root of a case is. */
export function rootPath(folder?: string): string {
  const own = folder === undefined ? undefined : join(bundles, folder, "trusted_root.json")
  return own !== undefined && existsSync(own) ? own : PUBLIC_GOOD
}

/** The trusted root of a case; that of the public good instance where it has none. */
export function rootOf(folder?: string): TestRoot {
  const root = JSON.parse(readFileSync(rootPath(folder), "utf8")) as JsonRoot
  return {
    tlogs: root.tlogs.map(logOf),
    ctlogs: root.ctlogs.map(logOf),
    authorities: root.certificateAuthorities.flatMap(({ certChain }) =>
      certChain.certificates.map(({ rawBytes }) => bytesOf(rawBytes)),
    ),
  }
}

export function bundleOf(folder: string): Uint8Array {
  return new Uint8Array(readFileSync(join(bundles, folder, "bundle.sigstore.json")))
}

export function oldBundleOf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(oldBundles, name)))
}

function signedOf({ material, content }: UnverifiedBundle, keyFile?: string): LogQuestion["signed"] {
  const [leaf] = material.kind === "certificate" ? material.certificates : []
  const key =
    leaf === undefined ? parsePublicKey(new Uint8Array(readFileSync(keyFile!))) : parseCertificate(leaf).publicKey!
  const verifier = leaf === undefined ? { key } : { key, certificate: leaf }
  if (content.kind === "dsse") {
    const { payload, payloadType, signature } = content
    return { signature: signature.sig, verifier, content: { kind: "envelope", payload, payloadType } }
  }
  const digests: Partial<Record<HashAlgorithm, Uint8Array>> = {}
  if (content.digest !== undefined) digests[content.digest.algorithm] = content.digest.value
  return { signature: content.signature, verifier, content: { kind: "message", digests } }
}

/** The question about the entries of a bundle. @param folder - of the case, for its key and trusted root. */
export function questionOf(bytes: Uint8Array, folder?: string): LogQuestion {
  const bundle = parseBundle(bytes)
  const key = folder === undefined ? undefined : join(bundles, folder, "key.pub")
  const signed = signedOf(bundle, key)
  return { entries: bundle.logEntries, form: "bundle", logs: rootOf(folder).tlogs, signed, required: 1 }
}
