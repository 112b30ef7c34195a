import { parseTarget } from "../app/parse-target.ts"
import { certificateAuthority } from "../app/notation/certificate-question.ts"
import { openNamedStores } from "../app/notation/named-stores.ts"
import type { AppContext, VerifyRequest, VerifyResult } from "../app/requests.ts"
import { verifyArtifacts } from "../app/verify.ts"
import { resolvePredicateType } from "../app/predicate-types.ts"
import { FORMAT_NAMES } from "../core/format-names.ts"
import { checkOptions, openLibrary, type CommonOptions } from "./options.ts"

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

export interface VerifyOptions extends CommonOptions {
  /** Public keys as paths, `env://NAME` or https URLs; any of them may have signed. At least one, or a trust store. */
  readonly keys?: readonly string[]
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
  certificates: true,
  attestation: true,
  everything: true,
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
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  checkOptions(options, OPTIONS)
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
