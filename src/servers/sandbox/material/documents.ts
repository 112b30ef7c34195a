import type { SigningConfig, SigningService, TrustedLog, TrustedRoot } from "../../../core/sigstore.ts"
import type { SigningKey } from "../../../core/ports.ts"
import { publicKeyPem } from "../../../crypto/public-key.ts"
import { defaultScheme, keyDetailsOf } from "../../../crypto/schemes.ts"
import { logKeyId, noteKeyId } from "../../../crypto/transparency/note-key.ts"
import { buildSigningConfig } from "../../../envelopes/trusted-root/build-signing-config.ts"
import { buildTrustedRoot } from "../../../envelopes/trusted-root/build-trusted-root.ts"
import type { SandboxUrls } from "../urls.ts"
import { pemOf, type SandboxMaterial } from "./keys.ts"

const OPERATOR = "sandbox.countersign.dev"

/** What is trusted of a sandbox, and how to sign with it. */
export interface SandboxDocuments {
  /** `trusted_root.json`. */
  readonly trustedRoot: Uint8Array
  /** `signing_config.json`: Rekor v1. */
  readonly signingConfig: Uint8Array
  /** `signing_config.v2.json`: Rekor v2 and timestamps. */
  readonly signingConfigV2: Uint8Array
  /** PEM files by name, for programs that take trust in pieces. */
  readonly pem: Readonly<Record<PemName, string>>
}

/** Names of {@link SandboxDocuments.pem}. */
export type PemName = "fulcio.pem" | "rekor.pub" | "rekor2.pub" | "ctfe.pub" | "tsa.pem"

/** Host name that a version 2 log signs its checkpoints by: that of its URL, without the port. */
function logOrigin(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, "")
}

/** Documents of a sandbox under its URLs. */
export function sandboxDocuments(material: SandboxMaterial, urls: SandboxUrls): SandboxDocuments {
  const { keys, fulcioChain, tsaChain } = material
  return {
    trustedRoot: buildTrustedRoot(trustedRootOf(material, urls)),
    signingConfig: buildSigningConfig(signingConfigOf(material, urls, 1)),
    signingConfigV2: buildSigningConfig(signingConfigOf(material, urls, 2)),
    pem: {
      "fulcio.pem": pemOf(fulcioChain),
      "rekor.pub": publicKeyPem(keys.rekor.signer.publicKey),
      "rekor2.pub": publicKeyPem(keys.rekor2.signer.publicKey),
      "ctfe.pub": publicKeyPem(keys.ct.signer.publicKey),
      "tsa.pem": pemOf(tsaChain),
    },
  }
}

function trustedRootOf({ keys, fulcioChain, tsaChain, since }: SandboxMaterial, urls: SandboxUrls): TrustedRoot {
  const validFor = { start: since }
  const log = (baseUrl: string, { publicKey }: SigningKey, logId: Uint8Array): TrustedLog => ({
    baseUrl,
    key: publicKey,
    keyDetails: keyDetailsOf(publicKey, defaultScheme(publicKey)) ?? "",
    logId,
    validFor,
    operator: OPERATOR,
  })
  const { rekor, rekor2, ct } = keys
  const origin = logOrigin(urls.rekor2)
  return {
    tlogs: [
      log(urls.rekor, rekor.signer, logKeyId(rekor.signer.publicKey)),
      log(urls.rekor2, rekor2.signer, noteKeyId(rekor2.signer.publicKey, origin)),
    ],
    ctlogs: [log(urls.ct, ct.signer, logKeyId(ct.signer.publicKey))],
    certificateAuthorities: [{ uri: urls.fulcio, certificates: fulcioChain, validFor, operator: OPERATOR }],
    timestampAuthorities: [{ uri: urls.timestamp, certificates: tsaChain, validFor, operator: OPERATOR }],
  }
}

function signingConfigOf({ since }: SandboxMaterial, urls: SandboxUrls, version: 1 | 2): SigningConfig {
  const service = (url: string, majorApiVersion = 1): SigningService => ({
    url,
    majorApiVersion,
    validFor: { start: since },
    operator: OPERATOR,
  })
  return {
    certificateAuthorities: [service(urls.fulcio)],
    oidcProviders: [service(urls.oidc)],
    logs: version === 1 ? [service(urls.rekor)] : [service(urls.rekor2, 2)],
    logSelection: { selector: "ANY" },
    timestampAuthorities: version === 1 ? [] : [service(urls.timestamp)],
    ...(version === 1 ? {} : { timestampSelection: { selector: "ANY" } }),
  }
}
