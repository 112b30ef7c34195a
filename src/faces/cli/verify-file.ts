import { decodeBase64 } from "../../codec/base64.ts"
import { verifyBlob, verifyBlobAttestation } from "../../app/verify-blob.ts"
import type { VerifyBlobRequest } from "../../app/blob-requests.ts"
import type { AppContext, SigstoreTrustRequest, VerifyResult } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { FlagValues } from "../command.ts"
import { certificateQuestion, certificateRequest } from "./certificate-options.ts"
import { attestationType, keyNames, readKeys } from "./question.ts"
import { blobAndArtifacts, refuseFlags, type Session } from "./session.ts"
import { namedIdentities, namesIdentities, sigstoreOptions } from "./sigstore-options.ts"
import { parseAnnotations } from "./values.ts"

type Answer = Awaited<ReturnType<typeof verifyBlob>>

/**
 * Answer about a file, for `verify` and `explain` with `--blob FILE`.
 *
 * @throws {ToolError} `E_USAGE`, `E_TRUST_MISSING`, `E_FILE_NOT_FOUND`, `E_IO`, `E_KEY_NOT_FOUND`, `E_KEY_TYPE`.
 */
export async function verifyFile(session: Session): Promise<VerifyResult> {
  const { flags, args } = session
  const artifactFlags = ["format", "recursive", "from-file", "signature-repository"]
  refuseFlags(flags, artifactFlags, "`--blob` checks a file, not an artifact in a registry")
  if (args.length > 0) throw blobAndArtifacts(args)
  const identities = namedIdentities(flags)
  const certificates = certificateQuestion(flags, identities.notation)
  const keyless = namesIdentities(flags, identities)
  const names = keyNames(flags, certificates !== undefined || keyless)
  const attestation = attestationType(flags)
  if (certificates !== undefined && attestation !== undefined) {
    refuseFlags(flags, ["attestation"], "certificates of trust stores sign files, not statements about them")
  }
  if (certificates === undefined) refuseFlags(flags, ["media-type"], "notation signatures alone hold a media type")
  const evidence = evidenceFlag(
    flags,
    evidenceNames(attestation !== undefined, certificates !== undefined && names.length === 0 && !keyless),
  )
  if (evidence.name !== "signature") refuseFlags(flags, ["annotation"], NO_ANNOTATIONS)
  const app = await session.open([])
  const keys = await readKeys(app, names)
  const sigstore = await sigstoreOptions(session, app, identities, names.length > 0)
  const trusted = { keys, ...sigstore, ...(await certificateRequest(certificates, app, flags)) }
  const answer = await ask(app, flags, trusted, evidence, attestation)
  const error = answer.error === undefined ? undefined : withFileHint(answer.error, flags.string("blob"))
  return { report: answer.report, verified: [answer.verified], errors: [error] }
}

/** Advice for artifacts names them as an argument; files go behind `--blob`. */
function withFileHint(error: ToolError, path: string): ToolError {
  const { what, why, details, kind, cause } = error
  const next = error.next.map((hint) =>
    hint.replace(`countersign explain ${path}`, `countersign explain --blob ${path}`),
  )
  return new ToolError(error.code, { what, next, details, kind, cause, ...(why === undefined ? {} : { why }) })
}

type Trusted = SigstoreTrustRequest & Pick<VerifyBlobRequest, "keys" | "certificates" | "trustStore" | "pluginConfig">

async function ask(
  app: AppContext,
  flags: FlagValues,
  trusted: Trusted,
  evidence: { readonly name: string; readonly path: string },
  predicateType: string | undefined,
): Promise<Answer> {
  const bytes = await app.files.read(evidence.path, limits.bundleBytes)
  const blob = { path: flags.string("blob") }
  const at = app.clock.now()
  if (predicateType !== undefined) {
    const given = evidence.name === "bundle" ? { bundle: bytes } : { envelope: bytes }
    return verifyBlobAttestation(app, { blob, ...trusted, evidence: given, predicateType, checkClaims: true, at })
  }
  const mediaType = flags.string("media-type")
  const found: VerifyBlobRequest["evidence"] = evidence.name === "bundle" ? { bundle: bytes } : detached(bytes)
  if (!("envelope" in found)) refuseFlags(flags, ["annotation"], NO_ANNOTATIONS)
  return verifyBlob(app, {
    blob,
    ...trusted,
    evidence: found,
    at,
    annotations: parseAnnotations(flags.strings("annotation")),
    ...(mediaType === "" ? {} : { mediaType }),
  })
}

const NO_ANNOTATIONS = "notation envelopes alone hold annotations of a file"

/** What a file behind `--signature` is, told by its first byte: JSON, tagged CBOR, or a bare signature. */
function detached(bytes: Uint8Array): VerifyBlobRequest["evidence"] {
  if (bytes[0] === JSON_OBJECT) return { envelope: bytes, form: "jws" }
  if (bytes[0] === COSE_SIGN1 && bytes[1] === ARRAY_OF_FOUR) return { envelope: bytes, form: "cose" }
  return { signature: rawSignature(bytes) }
}

const JSON_OBJECT = 0x7b
/** CBOR tag 18 and the array in it; base64 text and DER begin otherwise. */
const COSE_SIGN1 = 0xd2
const ARRAY_OF_FOUR = 0x84

/** Flags that name evidence, the likeliest first. Bundles hold no notation signatures. */
function evidenceNames(attestation: boolean, certificatesAlone: boolean): readonly string[] {
  if (attestation) return ["bundle", "envelope"]
  return certificatesAlone ? ["signature"] : ["bundle", "signature"]
}

/** The one flag that names what vouches for the file. */
function evidenceFlag(flags: FlagValues, names: readonly string[]): { readonly name: string; readonly path: string } {
  const others = ["bundle", "signature", "envelope"].filter((name) => !names.includes(name))
  refuseFlags(flags, others, `expected ${names.map((name) => `--${name}`).join(" or ")} for this question`)
  const given = names.map((name) => ({ name, path: flags.string(name) })).filter(({ path }) => path !== "")
  const [one, ...more] = given
  if (one !== undefined && more.length === 0) return one
  throw new ToolError("E_USAGE", {
    what: one === undefined ? "no signature named" : "two signatures named",
    why: `expected ${names.length === 1 ? "" : "exactly one of "}${names.map((name) => `--${name}`).join(" and ")}`,
    next: [`pass \`--${names[0] ?? ""} FILE\``],
  })
}

/** A detached signature file holds base64, as cosign writes it, or the raw bytes. */
function rawSignature(bytes: Uint8Array): Uint8Array {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim()
    return decodeBase64(text, { alphabet: "standard", padding: "required", max: limits.bundleBytes, what: "signature" })
  } catch {
    // Raw signatures are no base64 text; whether they are signatures at all is for the verification to say.
    return bytes
  }
}
