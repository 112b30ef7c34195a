import { parseTarget } from "../app/parse-target.ts"
import { certificateAuthority } from "../app/notation/certificate-question.ts"
import { openNamedStores } from "../app/notation/named-stores.ts"
import type { AppContext, SigstoreTrustRequest, VerifyRequest, VerifyResult } from "../app/requests.ts"
import { sigstoreRequest } from "../app/sigstore-request.ts"
import { verifyArtifacts } from "../app/verify.ts"
import { resolvePredicateType } from "../app/predicate-types.ts"
import { FORMAT_NAMES } from "../core/format-names.ts"
import { checkOptions, openLibrary, refuseUnknown, type CommonOptions } from "./options.ts"

/** Whose certificates count; the words of the command line's options. */
export interface CertificateOptions {
  /** `ca:NAME`, `signingAuthority:NAME` and `tsa:NAME` of notation's configuration, or `ca:./FILE`. */
  readonly trustStores: readonly string[]
  /** `x509.subject: …`, `x509.thumbprint:…`, `x509.san:…`, `x509.issuer: …`, `x509.serial:…`, or `*` alone. */
  readonly identities: readonly string[]
  /** Default `strict`. */
  readonly level?: "strict" | "permissive" | "audit"
  /** Validations otherwise than the level says, such as `{ expiry: "log" }`. */
  readonly overrides?: Readonly<Record<string, string>>
  /** When timestamps are looked at, with a store of type tsa; default `always`. */
  readonly verifyTimestamp?: "always" | "afterCertExpiry"
}

/** Whose identities count and what must vouch besides key or certificate; the words of the command line's options. */
export interface SigstoreOptions {
  /** `alice@example.com`, `email:…`, `uri:…`, `san:…`, `re2:…`, `spiffe://…`, `github:OWNER/REPO…`, `gitlab:GROUP/PROJECT…`. */
  readonly identities?: readonly string[]
  /** URL of the OIDC issuer, or `re2:PATTERN`; `github:` and `gitlab:` know theirs. */
  readonly issuer?: string
  /** Path of a trusted_root.json; default: that of the TUF repository. */
  readonly trustedRoot?: string
  /** Paths of PEM files with authorities to trust instead of the trusted root's. */
  readonly caRoots?: string
  readonly caIntermediates?: string
  /** Default `require` for identities, `ignore` for keys. */
  readonly log?: "require" | "ignore"
  /** Distinct logs; default 1 where the log is required. */
  readonly logThreshold?: number
  /** Version 1 logs that are asked for signatures which carry no entry. */
  readonly rekorUrls?: readonly string[]
  /** Distinct timestamp authorities; default 0. */
  readonly timestamps?: number
  /** Default `require`. */
  readonly sct?: "require" | "ignore"
  /** Use trust data that lies in the cache or came with the program. */
  readonly offline?: boolean
}

export interface VerifyOptions extends CommonOptions {
  /** Public keys as paths, `env://NAME` or https URLs; any of them may have signed. At least one, or an identity or trust store. */
  readonly keys?: readonly string[]
  /** Identities that count beside the keys, log entries and timestamps, in the formats of cosign. */
  readonly sigstore?: SigstoreOptions
  /** Certificates that count beside the keys, in the notation formats. */
  readonly certificates?: CertificateOptions
  /** Verify attestations of this type (a word such as `vuln`, or a URI) instead of signatures. */
  readonly attestation?: string
  /** Read every place even after the answer is clear. */
  readonly everything?: boolean
}

const OPTIONS: Readonly<Record<keyof VerifyOptions, true>> = {
  artifacts: true,
  formats: true,
  annotations: true,
  recursive: true,
  signatureRepository: true,
  registry: true,
  keys: true,
  sigstore: true,
  certificates: true,
  attestation: true,
  everything: true,
}

const SIGSTORE_OPTIONS: Readonly<Record<keyof SigstoreOptions, true>> = {
  identities: true,
  issuer: true,
  trustedRoot: true,
  caRoots: true,
  caIntermediates: true,
  log: true,
  logThreshold: true,
  rekorUrls: true,
  timestamps: true,
  sct: true,
  offline: true,
}

const CERTIFICATE_OPTIONS: Readonly<Record<keyof CertificateOptions, true>> = {
  trustStores: true,
  identities: true,
  level: true,
  overrides: true,
  verifyTimestamp: true,
}

/**
 * Verify artifacts. A negative answer is a value: look at `report.artifacts[n].state`.
 *
 * @returns the report, and per artifact what was authenticated (empty unless verified) and the first error.
 * @throws {ToolError} `E_USAGE`, `E_TRUST_MISSING`, `E_REF_INVALID`, `E_KEY_*`.
 *
 * @example
 * ```ts
 * const { report } = await verify({ artifacts: ["registry.example/app:1.0"], keys: ["cosign.pub"] })
 * if (report.artifacts[0]?.state !== "verified") throw new Error("not verified")
 * ```
 *
 * @example
 * ```ts
 * const { report } = await verify({
 *   artifacts: ["registry.example/app:1.0"],
 *   certificates: { trustStores: ["ca:./acme-root.pem"], identities: ["x509.subject: C=US, ST=WA, O=acme"] },
 * })
 * ```
 *
 * @example
 * ```ts
 * const { report } = await verify({
 *   artifacts: ["registry.example/app:1.0"],
 *   sigstore: { identities: ["alice@example.com"], issuer: "https://accounts.google.com" },
 * })
 * ```
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  checkOptions(options, OPTIONS)
  refuseUnknown(options.sigstore ?? {}, SIGSTORE_OPTIONS, "option of sigstore")
  refuseUnknown(options.certificates ?? {}, CERTIFICATE_OPTIONS, "option of certificates")
  const { attestation, signatureRepository } = options
  const targets = options.artifacts.map(parseTarget)
  const { app, close } = openLibrary(options.registry, { targets, signatureRepository })
  try {
    return await verifyArtifacts(app, {
      targets,
      kind: attestation === undefined ? "signature" : "attestation",
      keys: await Promise.all(
        (options.keys ?? []).map(async (name) => ({ name, key: await app.keys.publicKey(name) })),
      ),
      ...(await trustedIdentities(app, options)),
      ...(await trustedCertificates(app, options.certificates)),
      formats: options.formats ?? FORMAT_NAMES,
      annotations: options.annotations ?? {},
      checkClaims: true,
      recursive: options.recursive ?? false,
      everything: options.everything ?? false,
      at: app.clock.now(),
      ...(attestation === undefined ? {} : { predicateType: resolvePredicateType(attestation) }),
      ...(signatureRepository === undefined ? {} : { signatureRepository }),
    })
  } finally {
    await close()
  }
}

async function trustedIdentities(
  app: AppContext,
  { keys = [], sigstore }: VerifyOptions,
): Promise<SigstoreTrustRequest> {
  if (sigstore === undefined) return {}
  const { identities = [], rekorUrls = [], offline = false, ...rest } = sigstore
  const choice = { ...rest, identities, offline, logUrls: rekorUrls, keys: keys.length > 0 }
  return (await sigstoreRequest(app, choice)).request
}

async function trustedCertificates(
  app: AppContext,
  options: CertificateOptions | undefined,
): Promise<Pick<VerifyRequest, "certificates" | "trustStore">> {
  if (options === undefined) return {}
  const { trustStores, identities, level = "strict", overrides = {}, verifyTimestamp = "always" } = options
  const certificates = certificateAuthority({
    stores: trustStores,
    identities,
    level,
    overrides: Object.entries(overrides).map(([validation, action]) => `${validation}=${action}`),
    verifyTimestamp,
  })
  return { certificates, trustStore: await openNamedStores(app, certificates.stores) }
}
