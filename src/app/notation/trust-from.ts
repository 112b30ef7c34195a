import { parseSubjectName } from "../../codec/distinguished-name.ts"
import type { TrustStoreName } from "../../core/certified.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { printable } from "../../core/printable.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { chainFault } from "../../trust/x509/chain-rules.ts"
import type { AppContext, Target } from "../requests.ts"
import { openTarget } from "../subjects.ts"
import { inspectNotation } from "./inspect.ts"
import { trustSource, type TrustSource } from "./trust-add.ts"

/** A certificate seen in a signature that nothing vouches for. */
export interface SeenTrust {
  readonly source: TrustSource
  /** `ARTIFACT@DIGEST` as it was resolved. */
  readonly subject: string
  /** How the signer would be named to `verify`, such as `x509.subject: …`. */
  readonly identity: string
  /** Signatures that could not be used, and why. */
  readonly skipped: readonly string[]
}

/**
 * Take a certificate from the signatures of an artifact.
 *
 * SECURITY: nothing is verified but the form of the chain: anybody may have put the signature there.
 *
 * @param which - `root`, `leaf`, or a SHA-256 in hexadecimal, colons allowed.
 * @throws {ToolError} `E_SIG_NONE` without signatures, `E_USAGE` when several certificates are meant or none is, what
 *   the signature or its chain is refused with when there is no other; `E_TRUST_MALFORMED` as `sourceOfFile`.
 */
export async function sourceOfArtifact(
  app: AppContext,
  store: TrustStoreName,
  target: Target,
  which: string,
): Promise<SeenTrust> {
  const { content, reference } = openTarget(app, target)
  const subject = await content.resolve(reference)
  const artifact = `${content.name}@${subject.digest}`
  const { chains, failures } = await chainsOf(app, target, subject)
  if (chains.length === 0) {
    throw (
      failures[0]?.error ??
      new ToolError("E_SIG_NONE", {
        what: `${artifact} has no signature with certificates`,
        next: ["see what is attached with `countersign list ARTIFACT`, or give the certificate as a file"],
      })
    )
  }
  const certificate = chosen(chains, which, artifact)
  const leaf = chains.find((chain) => chain.includes(certificate))?.[0] ?? certificate
  return {
    source: trustSource(store, `sha256-${certificate.thumbprint.slice(0, 16)}.pem`, certificate.raw),
    subject: artifact,
    identity: signerIdentity(leaf),
    skipped: failures.map(({ digest, error }) => `${digest}: ${error.message}`),
  }
}

/**
 * How a signer is named in `--identity`: by subject, and where notation cannot read that, by thumbprint.
 *
 * SECURITY: the subject is untrusted and the text goes into a command line that is shown; what is not printable is not
 * offered.
 */
function signerIdentity({ subject, thumbprint }: Certificate): string {
  const readable = "attributes" in parseSubjectName(subject.text) && printable(subject.text) === subject.text
  return readable ? `x509.subject: ${subject.text}` : `x509.thumbprint:${thumbprint}`
}

type Chain = readonly Certificate[]

async function chainsOf(
  app: AppContext,
  target: Target,
  subject: Parameters<typeof inspectNotation>[2],
): Promise<{
  readonly chains: readonly Chain[]
  readonly failures: readonly { readonly digest: string; readonly error: ToolError }[]
}> {
  const { signatures } = await inspectNotation(app, target, subject, limits.signaturesEvaluated)
  const chains: Chain[] = []
  const failures: { readonly digest: string; readonly error: ToolError }[] = []
  const known = new Map<string, Certificate>()
  for (const { digest, description, error } of signatures) {
    if (description === undefined) {
      if (error !== undefined) failures.push({ digest, error })
      continue
    }
    const chain = description.chain.map((der) => {
      const certificate = parseCertificate(der)
      const same = known.get(certificate.thumbprint) ?? certificate
      known.set(same.thumbprint, same)
      return same
    })
    const fault = chainFault(chain, "code-signing")
    if (fault === undefined) chains.push(chain)
    else failures.push({ digest, error: new ToolError(fault.code, { what: fault.message }) })
  }
  return { chains, failures }
}

/** @throws {ToolError} `E_USAGE` unless exactly one certificate is meant. */
function chosen(chains: readonly Chain[], which: string, artifact: string): Certificate {
  const end = which === "leaf" ? 0 : -1
  const named = which === "leaf" || which === "root"
  const all = named ? chains.flatMap((chain) => chain.at(end) ?? []) : chains.flat()
  const unique = [...new Set(all)]
  if (named) {
    const [only, ...others] = unique
    if (only !== undefined && others.length === 0) return only
    throw ambiguous(`the signatures of ${artifact} have ${unique.length} different ${which} certificates`, unique)
  }
  const thumbprint = which.replaceAll(":", "").toLowerCase()
  const found = unique.find((certificate) => certificate.thumbprint === thumbprint)
  if (found !== undefined) return found
  if (/^[0-9a-f]{64}$/.test(thumbprint)) {
    throw ambiguous(`no signature of ${artifact} has the certificate ${thumbprint}`, unique)
  }
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(which.slice(0, 200))} for --certificate`,
    why: "expected leaf, root, or the SHA-256 of a certificate, 64 hexadecimal digits",
  })
}

function ambiguous(what: string, certificates: readonly Certificate[]): ToolError {
  const seen = certificates.map(({ thumbprint, subject }) => ({ thumbprint, subject: subject.text }))
  return new ToolError("E_USAGE", {
    what,
    why: `there are ${seen.map(({ thumbprint, subject }) => `${thumbprint} (${subject})`).join(", ")}`,
    next: ["name the one you mean with `--certificate SHA256`, after comparing it with what the signer tells you"],
    details: { certificates: seen },
  })
}
