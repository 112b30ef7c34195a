import type { JWTPayload } from "jose"
import { DER_TAG, encodeDer, encodeDerOid } from "../../../codec/der.ts"
import { contextTag, DER_STRING } from "../../../codec/der-values.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import type { ExtensionSpec } from "../../../crypto/x509/build-certificate.ts"
import { alternativeNamesExtension } from "../../../crypto/x509/build-extensions.ts"
import { EXTENSION } from "../../../crypto/x509/extensions.ts"
import { isEmail } from "../oidc/email.ts"

/** Whom a certificate is for. */
export interface Principal {
  /** Text whose signature proves that the requester has the key. */
  readonly challenge: string
  /** subjectAltName, critical, and Fulcio's own extensions. */
  readonly extensions: readonly ExtensionSpec[]
}

const ARC = "1.3.6.1.4.1.57264.1"
const GITHUB = "https://github.com/"

/** Extensions of GitHub's tokens by their last arc: raw bytes up to 6, DER strings from 8 on. */
const WORKFLOW: readonly (readonly [arc: number, make: (claim: (name: string) => string) => string])[] = [
  [2, (claim) => claim("event_name")],
  [3, (claim) => claim("sha")],
  [4, (claim) => claim("workflow")],
  [5, (claim) => claim("repository")],
  [6, (claim) => claim("ref")],
  [9, (claim) => below(claim("job_workflow_ref"))],
  [10, (claim) => claim("job_workflow_sha")],
  [11, (claim) => claim("runner_environment")],
  [12, (claim) => below(claim("repository"))],
  [13, (claim) => claim("sha")],
  [14, (claim) => claim("ref")],
  [15, (claim) => claim("repository_id")],
  [16, (claim) => below(claim("repository_owner"))],
  [17, (claim) => claim("repository_owner_id")],
  [18, (claim) => below(claim("workflow_ref"))],
  [19, (claim) => claim("workflow_sha")],
  [20, (claim) => claim("event_name")],
  [21, (claim) => runUrl(claim)],
  [22, (claim) => claim("repository_visibility")],
  [23, (claim) => claim("environment")],
]

function below(path: string): string {
  return path === "" ? "" : GITHUB + path
}

function runUrl(claim: (name: string) => string): string {
  const [repository, run, attempt] = [claim("repository"), claim("run_id"), claim("run_attempt")]
  return [repository, run, attempt].includes("") ? "" : `${GITHUB}${repository}/actions/runs/${run}/attempts/${attempt}`
}

/**
 * Whom a verified token is about: a workflow where it has `job_workflow_ref`, else a verified e-mail address, else a
 * subject, which is a URI or becomes `subject!host` of the issuer.
 *
 * DEVIATION: Fulcio refuses workflow tokens that lack any claim; here what is missing is left out, so that tests can choose.
 *
 * @throws {ToolError} `E_OIDC_REJECTED` for a token about nobody.
 *
 * Spec: sigstore/fulcio `docs/oidc.md`, `docs/oid-info.md`.
 */
export function principalOf(payload: JWTPayload): Principal {
  const claim = (name: string): string => textClaim(payload, name)
  const [issuer, subject, email] = [claim("iss"), claim("sub"), claim("email")]
  if (email !== "" && !isVerified(payload["email_verified"])) throw nobody("email_verified claim was false")
  if (email !== "" && !isEmail(email)) throw nobody("the email claim is no e-mail address")
  if (email === "" && subject === "") throw nobody("the sub claim is empty or no text")
  const issued = [
    extension(1, encodeUtf8(issuer)),
    stringExtension(8, issuer),
    ...(subject === "" ? [] : [stringExtension(24, subject)]),
  ]
  const challenge = email === "" ? subject : email
  const workflow = claim("job_workflow_ref")
  if (workflow !== "") {
    const more = WORKFLOW.map(([arc, make]) => [arc, make(claim)] as const)
      .filter(([, text]) => text !== "")
      .map(([arc, text]) => (arc <= 6 ? extension(arc, encodeUtf8(text)) : stringExtension(arc, text)))
    return { challenge, extensions: [uriName(below(workflow)), ...issued, ...more] }
  }
  if (email !== "") return { challenge, extensions: [alternativeNamesExtension([`email:${email}`], true), ...issued] }
  const name = URL.canParse(subject) ? uriName(subject) : otherName(`${subject}!${new URL(issuer).hostname}`)
  return { challenge, extensions: [name, ...issued] }
}

/** SECURITY: a claim that is not a text counts as absent; only the ones a certificate needs are then missed. */
function textClaim(payload: JWTPayload, name: string): string {
  const value = Object.hasOwn(payload, name) ? payload[name] : undefined
  return typeof value === "string" ? value : ""
}

/** As Fulcio reads it: some providers write the word as text. */
function isVerified(value: unknown): boolean {
  return value === true || value === "true"
}

function nobody(why: string): ToolError {
  return new ToolError("E_OIDC_REJECTED", { what: "the identity token is about nobody", why })
}

function extension(arc: number, value: Uint8Array): ExtensionSpec {
  return { oid: `${ARC}.${arc}`, critical: false, value }
}

function stringExtension(arc: number, text: string): ExtensionSpec {
  return extension(arc, encodeDer(DER_STRING.utf8, encodeUtf8(text)))
}

function uriName(uri: string): ExtensionSpec {
  if (!/^[!-~]+$/.test(uri)) throw nobody("a name holds what no URI does")
  return alternativeNamesExtension([`URI:${uri}`], true)
}

/** subjectAltName of kind OtherName. Spec: sigstore/fulcio `docs/oid-info.md`, 1.3.6.1.4.1.57264.1.7. */
function otherName(text: string): ExtensionSpec {
  const value = encodeDer(contextTag(0, true), encodeDer(DER_STRING.utf8, encodeUtf8(text)))
  const name = encodeDer(contextTag(0, true), encodeDerOid(`${ARC}.7`), value)
  return { oid: EXTENSION.alternativeNames, critical: true, value: encodeDer(DER_TAG.sequence, name) }
}
