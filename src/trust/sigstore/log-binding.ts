import { equalBytes } from "../../codec/equal-bytes.ts"
import { encodeHex } from "../../codec/hex.ts"
import { quoted } from "../../codec/malformed.ts"
import { ToolError } from "../../core/errors.ts"
import type { HashAlgorithm, PublicKey } from "../../core/ports.ts"
import { digestOf } from "../../crypto/hash.ts"
import { algorithms, hashOf } from "../../crypto/schemes.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { pae } from "../../envelopes/dsse/pae.ts"
import { buildEntryBody } from "../../envelopes/log-entry/build-entry-body.ts"
import type {
  BodySignature,
  BodySignatureV2,
  BodyVerifier,
  DsseV2,
  EntryBody,
  HashedRekordV2,
  HashValue,
} from "../../envelopes/log-entry/entry-body.ts"
import type { LogFault, LogForm } from "./log-fault.ts"
import type { LogQuestion } from "./log-question.ts"

type Signed = LogQuestion["signed"]
type Enveloped = Extract<Signed["content"], { readonly kind: "envelope" }>

function mismatch(observed: string, rest: Omit<Partial<LogFault>, "code" | "observed"> = {}): LogFault {
  return { code: "E_TLOG_ENTRY_MISMATCH", observed, ...rest }
}

function keyOfCertificate(der: Uint8Array): PublicKey | undefined {
  try {
    return parseCertificate(der).publicKey
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}

/**
 * SECURITY: who verifies by a certificate is told of identities by the log, so that the certificate itself must be in it.
 * Who verifies by a key trusts the key alone, whatever certificate was logged with it.
 */
function isSigner(verifier: BodyVerifier, signed: Signed["verifier"]): boolean {
  if ("certificate" in signed) return verifier.kind === "certificate" && equalBytes(verifier.der, signed.certificate)
  const spki = verifier.kind === "public-key" ? verifier.der : keyOfCertificate(verifier.der)?.spki
  return spki !== undefined && equalBytes(spki, signed.key.spki)
}

function shortHash(bytes: Uint8Array): string {
  return `SHA256:${encodeHex(digestOf("sha256", bytes))}`
}

function signatureFault(signatures: readonly BodySignature[], signed: Signed, form: LogForm): LogFault | undefined {
  const same = signatures.filter(({ signature }) => equalBytes(signature, signed.signature))
  if (same.length === 0) {
    return mismatch(
      form === "bundle"
        ? "transparency log signature does not match"
        : "signature in bundle does not match signature being verified",
      { detail: "the log entry is about another signature", expected: "an entry about this signature" },
    )
  }
  return same.some(({ verifier }) => isSigner(verifier, signed.verifier)) ? undefined : signerFault(same, signed, form)
}

function signerFault(signatures: readonly BodySignature[], { verifier }: Signed, form: LogForm): LogFault {
  const wanted = "certificate" in verifier ? verifier.certificate : verifier.key.spki
  const seen = signatures[0]?.verifier.der ?? new Uint8Array(0)
  return mismatch(
    form === "bundle"
      ? "transparency log certificate does not match"
      : `comparing public key PEMs, expected ${shortHash(wanted)}, got ${shortHash(seen)}`,
    {
      detail: "the log entry names another key or certificate",
      expected: `an entry that names ${"certificate" in verifier ? "the signing certificate" : "the signing key"}`,
    },
  )
}

function hashFault(form: LogForm, seen: Uint8Array, expected: Uint8Array, words: string): LogFault {
  const [a, b] = [encodeHex(seen), encodeHex(expected)]
  const text = form === "bundle" ? words : `matching bundle to payload: bundle="${a}", payload="${b}"`
  return mismatch(text.replace("%seen", a).replace("%expected", b), { expected: b })
}

function messageFault(
  data: HashValue,
  digests: Partial<Record<HashAlgorithm, Uint8Array>>,
  form: LogForm,
): LogFault | undefined {
  const digest = digests[data.algorithm]
  if (digest === undefined) {
    const known = Object.keys(digests).join(", ")
    return mismatch(
      form === "bundle"
        ? `transparency log hashedrekord entry digest algorithm mismatch: ${known || "none"} != ${data.algorithm}`
        : `unexpected algorithm: "${data.algorithm}"`,
      { expected: `a digest of ${known || "the artifact"}` },
    )
  }
  if (equalBytes(digest, data.digest)) return undefined
  return hashFault(
    form,
    data.digest,
    digest,
    "transparency log hashedrekord entry digest %seen does not match artifact %expected",
  )
}

function payloadFault(hash: HashValue, { payload }: Enveloped, form: LogForm): LogFault | undefined {
  const expected = digestOf(hash.algorithm, payload)
  if (equalBytes(hash.digest, expected)) return undefined
  return hashFault(
    form,
    hash.digest,
    expected,
    "transparency log dsse/intoto entry payload hash %seen does not match envelope payload hash %expected",
  )
}

/** Only where the envelope's own bytes are at hand: bundles do not keep them. */
function envelopeFault(hash: HashValue, { envelope }: Enveloped, form: LogForm): LogFault | undefined {
  if (envelope === undefined) return undefined
  const expected = digestOf(hash.algorithm, envelope)
  return equalBytes(hash.digest, expected) ? undefined : hashFault(form, hash.digest, expected, "")
}

function otherKind(body: EntryBody, content: Signed["content"]): LogFault {
  return mismatch(
    content.kind === "message"
      ? "transparency log entry is not a hashedrekord or missing digest"
      : "transparency log rekor v1 entry is not a dsse_v001 or intoto_v002 entry",
    { detail: `the entry is ${quoted(`${body.kind} ${body.version}`)}` },
  )
}

/** Hash of a signature in a version 2 log, fixed by the name of its algorithm, which must be the key's. */
function loggedHash({ keyDetails }: BodySignatureV2, key: PublicKey): HashAlgorithm | LogFault {
  const row = algorithms.find(
    (item) =>
      item.keyDetails === keyDetails &&
      item.keyType === key.type &&
      (item.bits === undefined || item.bits === key.bits),
  )
  if (row === undefined) {
    return mismatch("transparency log key algorithm does not match", {
      detail: `the entry names ${quoted(keyDetails)}, the key is ${key.type} of ${key.bits} bits`,
    })
  }
  return hashOf(row.scheme) ?? mismatch("rekor v2 hashedrekord entries require a prehashing signature algorithm")
}

/** SECURITY: the body is made anew of what is known, so that nothing in it can mean something else to another reader. */
function rekordV2Fault(body: HashedRekordV2, bytes: Uint8Array, signed: Signed, form: LogForm): LogFault | undefined {
  const hash = loggedHash(body.signature, signed.verifier.key)
  if (typeof hash !== "string") return hash
  const { content } = signed
  const digest =
    content.kind === "message" ? content.digests[hash] : digestOf(hash, pae(content.payloadType, content.payload))
  const digests = digest === undefined ? {} : { [hash]: digest }
  const fault = signatureFault([body.signature], signed, form) ?? messageFault(body.data, digests, form)
  if (fault !== undefined || digest === undefined) return fault
  const rebuilt = buildEntryBody({ ...body, data: { algorithm: hash, digest } })
  return equalBytes(rebuilt, bytes)
    ? undefined
    : mismatch("transparency log entry does not match its canonical form", {
        detail: "the entry's bytes are not those that its content has",
      })
}

function dsseV2Fault(body: DsseV2, signed: Signed, content: Enveloped, form: LogForm): LogFault | undefined {
  const own = body.signatures.find(({ signature }) => equalBytes(signature, signed.signature))
  const algorithm = own === undefined ? undefined : loggedHash(own, signed.verifier.key)
  return (
    signatureFault(body.signatures, signed, form) ??
    (typeof algorithm === "object" ? algorithm : undefined) ??
    payloadFault(body.payloadHash, content, form)
  )
}

/**
 * Whether an entry is about exactly this signature, by this signer, over this content.
 *
 * @param bytes - of the entry.
 * @returns why not; `undefined` when it is.
 *
 * Spec: sigstore/sigstore-go `pkg/verify/tlog.go`; sigstore/cosign `pkg/cosign/verify.go`, VerifyBundle.
 */
export function bindingFault(body: EntryBody, bytes: Uint8Array, signed: Signed, form: LogForm): LogFault | undefined {
  const { content } = signed
  if (body.kind === "hashedrekord") {
    if (body.version === "0.0.2") return rekordV2Fault(body, bytes, signed, form)
    if (content.kind !== "message") return otherKind(body, content)
    return signatureFault([body.signature], signed, form) ?? messageFault(body.data, content.digests, form)
  }
  if (content.kind !== "envelope") return otherKind(body, content)
  if (body.kind === "dsse" && body.version === "0.0.2") return dsseV2Fault(body, signed, content, form)
  if (body.version === "0.0.1" && body.kind === "intoto") {
    // SECURITY: no signature is in such an entry; only the bytes of the envelope tie it to this one.
    if (content.envelope === undefined) return otherKind(body, content)
    if (!isSigner(body.verifier, signed.verifier)) {
      return signerFault([{ signature: signed.signature, verifier: body.verifier }], signed, form)
    }
    const { payloadHash } = body
    return (
      envelopeFault(body.envelopeHash, content, form) ??
      (payloadHash === undefined ? undefined : payloadFault(payloadHash, content, form))
    )
  }
  return (
    signatureFault(body.signatures, signed, form) ??
    payloadFault(body.payloadHash, content, form) ??
    envelopeFault(body.envelopeHash, content, form)
  )
}
