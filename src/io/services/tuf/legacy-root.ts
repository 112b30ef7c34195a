import { concatBytes } from "../../../codec/concat-bytes.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import type { TrustedRoot } from "../../../core/sigstore.ts"
import {
  authoritiesFromBag,
  logFromKeyFile,
  timestampAuthoritiesFromBag,
} from "../../../envelopes/trusted-root/trust-files.ts"
import type { TargetFacts } from "../../../trust/tuf/metadata.ts"
import { tufError } from "../../../trust/tuf/tuf-error.ts"
import type { OpenedMirror } from "./mirror.ts"

/** Names of targets that older repositories have without saying what they are for. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  Fulcio: ["fulcio.crt.pem", "fulcio_v1.crt.pem", "fulcio_intermediate_v1.crt.pem"],
  Rekor: ["rekor.pub"],
  CTFE: ["ctfe.pub", "ctfe_2022.pub"],
  TSA: ["tsa_leaf.crt.pem", "tsa_root.crt.pem", "tsa_intermediate_0.crt.pem", "tsa_intermediate_1.crt.pem"],
}

/** The part of a repository that is asked. */
export type LegacySource = Pick<OpenedMirror, "url" | "trusted" | "target">

/**
 * A trusted root out of the single files of a repository that has no `trusted_root.json`: chosen by `custom.sigstore.usage`,
 * or by name where no file says so. Expired keys count, too: they made signatures that are still verified.
 *
 * @throws {ToolError} `E_TRUST_MISSING` when there is neither a certificate authority nor a log; `E_TRUST_MALFORMED`.
 *
 * Spec: sigstore/sigstore `pkg/tuf/client.go`, GetTargetsByMeta.
 */
export async function legacyTrustedRoot(mirror: LegacySource, signal?: AbortSignal): Promise<TrustedRoot> {
  const [fulcio, rekor, ctfe, tsa] = await Promise.all(
    ["Fulcio", "Rekor", "CTFE", "TSA"].map((usage) => filesOf(mirror, usage, signal)),
  )
  const logs = (files: readonly NamedFile[] | undefined): TrustedRoot["tlogs"] =>
    (files ?? []).map(({ name, bytes }) => logFromKeyFile(bytes, { what: name }))
  const root = {
    tlogs: logs(rekor),
    ctlogs: logs(ctfe),
    certificateAuthorities: isEmpty(fulcio) ? [] : authoritiesFromBag(bag(fulcio), { what: "fulcio.crt.pem" }),
    timestampAuthorities: isEmpty(tsa) ? [] : timestampAuthoritiesFromBag(bag(tsa), { what: "tsa_leaf.crt.pem" }),
  }
  if (root.certificateAuthorities.length > 0 || root.tlogs.length > 0) return root
  throw tufError(
    "E_TRUST_MISSING",
    "the TUF repository has no trusted root",
    `neither trusted_root.json nor files of the usages Fulcio and Rekor are among its targets (${mirror.url})`,
  )
}

interface NamedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

async function filesOf(mirror: LegacySource, usage: string, signal?: AbortSignal): Promise<readonly NamedFile[]> {
  const all: readonly TargetFacts[] = [...(mirror.trusted.targets?.targets.values() ?? [])]
  const marked = all.filter((facts) => facts.usage === usage)
  const chosen = marked.length > 0 ? marked : all.filter(({ name }) => NAMES[usage]?.includes(name) === true)
  return Promise.all(chosen.map(async ({ name }) => ({ name, bytes: await mirror.target(name, signal) })))
}

function isEmpty(files: readonly NamedFile[] | undefined): files is undefined {
  return files === undefined || files.length === 0
}

/** PEM blocks of several files one after another. */
function bag(files: readonly NamedFile[]): Uint8Array {
  return concatBytes(files.flatMap(({ bytes }) => [bytes, encodeUtf8("\n")]))
}
