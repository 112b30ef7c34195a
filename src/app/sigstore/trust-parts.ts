/**
 * Parts of a trusted root out of files that a user names one by one, and the documents made of them.
 *
 * All functions throw `E_TRUST_MALFORMED` for files that do not hold what they should, with cosign's sentence where it has
 * one, and `E_LIMIT_EXCEEDED`.
 */
import { encodeHex } from "../../codec/hex.ts"
import { firstPem, type PemBlock } from "../../codec/pem.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import type { SigningConfig, TrustedAuthority, TrustedLog, TrustedRoot, ValidityWindow } from "../../core/sigstore.ts"
import { parsePublicKey } from "../../crypto/public-key.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificateFile } from "../../crypto/x509/certificate-file.ts"
import { buildSigningConfig } from "../../envelopes/trusted-root/build-signing-config.ts"
import { buildTrustedRoot } from "../../envelopes/trusted-root/build-trusted-root.ts"
import { authorityFromChain, logFromKeyFile } from "../../envelopes/trusted-root/trust-files.ts"

/** What a user says of a service besides its file. Times are milliseconds since the epoch. */
interface ServicePart {
  /** Name of the file, for errors. */
  readonly file: string
  readonly bytes: Uint8Array
  readonly url: string
  readonly end?: number
}

/** A certificate chain, PEM, root last. */
export interface ChainPart extends ServicePart {
  /** Absent: the `notBefore` of a certificate. */
  readonly start?: number
}

/** A log's public key, PEM. */
export interface LogPart extends ServicePart {
  readonly start: number
  /** Origin of the log's checkpoints, for logs whose id depends on it. */
  readonly origin?: string
}

/** Whether a file holds certificates; says in cosign's words when it holds none. */
export function checkChainFile(part: Pick<ChainPart, "file" | "bytes">): void {
  certificatesOf(part)
}

/** A certificate authority: its issuers first, valid from the root's `notBefore` on. */
export function certificateAuthorityPart(part: ChainPart): TrustedAuthority {
  return authorityOf(part, certificatesOf(part).at(-1))
}

/**
 * A timestamp authority: its signer first.
 *
 * @param validFrom - whose `notBefore` begins its validity.
 * @param signer - `required`: the first certificate must not be an authority's. COMPAT(cosign 2.5): not looked at.
 */
export function timestampAuthorityPart(
  part: ChainPart,
  validFrom: "signer" | "root",
  signer: "required" | "optional" = "required",
): TrustedAuthority {
  const certificates = certificatesOf(part)
  if (signer === "required") {
    if (certificates[0]?.basicConstraints?.ca === true)
      throw bad("first certificate in chain must be a leaf certificate")
    // DEVIATION: cosign 3 takes a lone certificate with --tsa and writes it twice; nobody could use that.
    if (certificates.length < 2) throw bad("certificate chain must have at least two certificates")
  }
  return authorityOf(part, certificates.at(validFrom === "signer" ? 0 : -1))
}

/** A transparency log or a certificate transparency log. */
export function logPart({ file, bytes, url, start, end, origin }: LogPart): TrustedLog {
  checkKeyFile(bytes)
  return logFromKeyFile(bytes, {
    baseUrl: url,
    validFor: windowOf(start, end),
    what: file,
    ...(origin === undefined ? {} : { origin }),
  })
}

/**
 * The document `trusted_root.json`.
 *
 * Of logs with the same id the last one counts; operators are left out, as cosign does.
 *
 * @returns UTF-8, no line end.
 */
export function trustedRootDocument(root: TrustedRoot): Uint8Array {
  return buildTrustedRoot({
    tlogs: onePerId(root.tlogs),
    ctlogs: onePerId(root.ctlogs),
    certificateAuthorities: root.certificateAuthorities.map(withoutOperator),
    timestampAuthorities: root.timestampAuthorities.map(withoutOperator),
  })
}

/** The document `signing_config.json`. @returns UTF-8, no line end. */
export function signingConfigDocument(config: SigningConfig): Uint8Array {
  return buildSigningConfig(config)
}

function onePerId(logs: readonly TrustedLog[]): readonly TrustedLog[] {
  return [...new Map(logs.map((log) => [encodeHex(log.logId), withoutOperator(log)])).values()]
}

function withoutOperator<Part extends TrustedLog | TrustedAuthority>(part: Part): Part {
  const copy: Part & { operator?: unknown } = { ...part }
  delete copy.operator
  return copy
}

function authorityOf({ file, bytes, url, start, end }: ChainPart, dated: Certificate | undefined): TrustedAuthority {
  const authority = authorityFromChain(bytes, { uri: url, what: file })
  return { ...authority, validFor: windowOf(start ?? dated?.notBefore ?? authority.validFor.start, end) }
}

function certificatesOf({ file, bytes }: Pick<ChainPart, "file" | "bytes">): readonly Certificate[] {
  const certificates = pemOf(bytes) === undefined ? [] : parseCertificateFile(bytes)
  if (certificates.length > 0) return certificates
  throw bad(`no certificates in file ${file}`)
}

/** DEVIATION: cosign writes windows that end before they start, and nothing that reads them says so. */
function windowOf(start: number, end: number | undefined): ValidityWindow {
  if (end === undefined) return { start }
  if (end >= start) return { start, end }
  throw bad(`end-time ${new Date(end).toISOString()} is before start-time ${new Date(start).toISOString()}`)
}

/** What cosign says of files that hold no public key that a log can have. */
function checkKeyFile(bytes: Uint8Array): void {
  const block = pemOf(bytes)
  if (block === undefined) throw bad("PEM decoding failed")
  if (block.label !== "PUBLIC KEY" && block.label !== "RSA PUBLIC KEY") {
    throw bad(`unknown Public key PEM file type: ${block.label}. Are you passing the correct public key?`)
  }
  const key = keyIn(bytes)
  if (key.type === "rsa" && !RSA_BITS.includes(key.bits)) {
    throw bad(`unsupported public modulus for RSA key: ${Math.ceil(key.bits / 8)}`)
  }
}

/** Sizes of RSA keys that protobuf has names for. */
const RSA_BITS: readonly number[] = [2048, 3072, 4096]

function keyIn(bytes: Uint8Array): PublicKey {
  try {
    return parsePublicKey(bytes)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.why?.startsWith("unknown curve") === true) throw bad("x509: unsupported elliptic curve", error.why)
    throw error
  }
}

function pemOf(bytes: Uint8Array): PemBlock | undefined {
  return firstPem(new TextDecoder("latin1").decode(bytes))
}

function bad(sentence: string, why?: string): ToolError {
  return new ToolError("E_TRUST_MALFORMED", {
    what: sentence,
    ...(why === undefined ? {} : { why }),
    details: { cosign: sentence },
  })
}
