import { type DerElement, derChildren, derOid, derSequence, parseDer } from "../../codec/der.ts"
import { contextTag, DER_STRING, derExplicit } from "../../codec/der-values.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { decodeUtf8 } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import type { FulcioExtension } from "../../core/sigstore.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { EXTENSION } from "../../crypto/x509/extensions.ts"

/** Arc of Fulcio's certificate extensions. */
const ARC = "1.3.6.1.4.1.57264.1"
const OTHER_NAME = `${ARC}.7`
/** The OIDC issuer: raw text, and the DER string that took its place. */
const ISSUER = { raw: `${ARC}.1`, der: `${ARC}.8` } as const

/** Extensions a rule can ask for, by their last arc; up to 6 they hold raw text, above a DER UTF8String. */
const FULCIO_ARCS: Readonly<Record<FulcioExtension, number>> = {
  githubWorkflowTrigger: 2,
  githubWorkflowSha: 3,
  githubWorkflowName: 4,
  githubWorkflowRepository: 5,
  githubWorkflowRef: 6,
  buildSignerUri: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryUri: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryIdentifier: 15,
  sourceRepositoryOwnerUri: 16,
  sourceRepositoryOwnerIdentifier: 17,
  buildConfigUri: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationUri: 21,
  sourceRepositoryVisibility: 22,
  deploymentEnvironment: 23,
  tokenSubject: 24,
}
const RAW_TEXT_UP_TO = 6
const FULCIO_EXTENSIONS = Object.entries(FULCIO_ARCS).map(([name, arc]) => ({
  name: name as FulcioExtension,
  oid: `${ARC}.${arc}`,
  raw: arc <= RAW_TEXT_UP_TO,
}))

/** Kinds of subject alternative names that can stand for an identity. */
export type SubjectKind = "URI" | "email" | "other" | "DNS" | "IP"

/** A subject alternative name. */
export interface CertificateSubject {
  readonly kind: SubjectKind
  /** As in the certificate, compared byte for byte; addresses as text. */
  readonly value: string
}

/** What a certificate says of its holder. Signed by whoever issued it, trusted or not. */
export interface CertificateFacts {
  /** All of them, in order. */
  readonly subjects: readonly CertificateSubject[]
  /** OIDC issuer; empty where the certificate names none. */
  readonly issuer: string
  /** Those that are there. */
  readonly extensions: Readonly<Partial<Record<FulcioExtension, string>>>
}

/**
 * Read what a certificate says of its holder: subject alternative names, OIDC issuer and Fulcio's other extensions.
 *
 * SECURITY: one certificate has one reading. Where the old and the new issuer extension are both there, they must agree; DER
 * must be exact; names are opaque printable ASCII, so that no two programs can see different ones. The subject's common name
 * is nobody's identity.
 *
 * @throws {ToolError} `E_CERT_IDENTITY`.
 *
 * Spec: sigstore/fulcio `docs/oid-info.md`.
 */
export function readCertificateFacts(certificate: Certificate): CertificateFacts {
  try {
    return {
      subjects: readSubjects(certificate),
      issuer: readIssuer(certificate),
      extensions: readExtensions(certificate),
    }
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== "E_FORMAT_MALFORMED") throw error
    throw identityError(error.message, error)
  }
}

function identityError(why: string, cause?: unknown): ToolError {
  return new ToolError("E_CERT_IDENTITY", {
    what: "the certificate does not say clearly whose it is",
    why,
    ...(cause === undefined ? {} : { cause }),
  })
}

function readIssuer({ extensions }: Certificate): string {
  const raw = extensions.get(ISSUER.raw)
  const der = extensions.get(ISSUER.der)
  const old = raw === undefined ? undefined : decodeUtf8(raw.value, "issuer extension")
  const issuer = der === undefined ? undefined : derText(der.value, "issuer (v2) extension")
  if (old !== undefined && issuer !== undefined && old !== issuer) {
    throw identityError(`its two issuer extensions differ: ${quoted(old, 200)} and ${quoted(issuer, 200)}`)
  }
  return printableAscii(issuer ?? old ?? "", "issuer extension")
}

function readExtensions({ extensions }: Certificate): CertificateFacts["extensions"] {
  const found: Partial<Record<FulcioExtension, string>> = {}
  for (const { name, oid, raw } of FULCIO_EXTENSIONS) {
    const extension = extensions.get(oid)
    if (extension === undefined) continue
    const what = `certificate extension ${name}`
    found[name] = raw ? decodeUtf8(extension.value, what) : derText(extension.value, what)
  }
  return found
}

function derText(value: Uint8Array, what: string): string {
  const { tag, contents } = parseDer(value, what)
  if (tag !== DER_STRING.utf8) throw malformed(what, `DER: saw tag 0x${tag.toString(16)}, expected a UTF8String`)
  return decodeUtf8(contents, what)
}

function printableAscii(text: string, what: string): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw malformed(what, `${quoted(text, 100)} has more than printable ASCII`)
  return text
}

function readSubjects(certificate: Certificate): readonly CertificateSubject[] {
  const extension = certificate.extensions.get(EXTENSION.alternativeNames)
  if (extension === undefined) return []
  const what = "subject alternative name"
  const named = [...certificate.alternativeNames]
  const subjects = derSequence(parseDer(extension.value, what), what).flatMap((name): CertificateSubject[] => {
    if (name.tag === contextTag(0, true)) return otherName(name, what)
    const kind = KINDS.get(name.tag)
    // The certificate's own list has exactly the names of these kinds, in order and decoded.
    const text = kind === undefined ? undefined : named.shift()
    if (kind === undefined || text === undefined) return []
    return [{ kind, value: printableAscii(text.slice(text.indexOf(":") + 1), what) }]
  })
  if (subjects.filter(({ kind }) => kind === "other").length > 1) {
    throw malformed(what, "more than one other name, expected one")
  }
  if (subjects.some(({ value }) => value === "")) throw malformed(what, "an empty name")
  return subjects
}

const KINDS: ReadonlyMap<number, SubjectKind> = new Map([
  [contextTag(1, false), "email"],
  [contextTag(2, false), "DNS"],
  [contextTag(6, false), "URI"],
  [contextTag(7, false), "IP"],
] as const)

/** An OtherName of Fulcio's type; those of other types stand for nobody. Spec: RFC 5280 4.2.1.6. */
function otherName(element: DerElement, what: string): CertificateSubject[] {
  const [type, value, ...rest] = derChildren(element, what)
  if (derOid(type, what) !== OTHER_NAME) return []
  if (value?.tag !== contextTag(0, true) || rest.length > 0)
    throw malformed(what, "an other name without exactly a value")
  const text = derText(derExplicit(value, what).raw, what)
  return [{ kind: "other", value: printableAscii(text, what) }]
}

/**
 * The name that stands for the holder: the first URI, else the first e-mail address, else Fulcio's other name.
 *
 * @returns `undefined` when there is none of these.
 *
 * Spec: sigstore/sigstore-go `pkg/fulcio/certificate/summarize.go`.
 */
export function principalSubject({ subjects }: CertificateFacts): CertificateSubject | undefined {
  const first = (wanted: SubjectKind): CertificateSubject | undefined => subjects.find(({ kind }) => kind === wanted)
  return first("URI") ?? first("email") ?? first("other")
}
