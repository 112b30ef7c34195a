import type { BlobSigstoreRequest } from "../../app/blob-requests.ts"
import type { AppContext } from "../../app/requests.ts"
import { readTimestamp } from "./blob-evidence.ts"
import { faceError } from "./face-error.ts"
import type { FaceInvocation } from "./face-invocation.ts"
import { wantsTimestamps } from "./verify-trust.ts"

/** Flags about what lies in a Sigstore bundle itself, and cosign's words for them. */
const IN_BUNDLE: readonly (readonly [flag: string, words: string])[] = [
  ["certificate", "certificate must be in bundle and may not be provided using --certificate"],
  ["certificate-chain", "certificate chain must be in bundle and may not be provided using --certificate-chain"],
  ["ca-roots", "CA roots/intermediates must be provided using --trusted-root"],
  ["ca-intermediates", "CA roots/intermediates must be provided using --trusted-root"],
  ["timestamp-certificate-chain", "TSA certificate chain path may only be provided using --trusted-root"],
  ["rfc3161-timestamp", "RFC3161 timestamp may not be provided using --rfc3161-timestamp"],
  ["signature", "signature may not be provided using --signature"],
  ["sct", "SCT may not be provided using --sct"],
]

/**
 * What may stand beside the evidence about a file.
 *
 * @param bundle - it is a Sigstore bundle.
 * @throws {ToolError} `E_USAGE` in cosign's words.
 */
export function checkBlobOptions(invocation: FaceInvocation, bundle: boolean): void {
  const { flags, generation } = invocation
  if (bundle) {
    const [, words] = IN_BUNDLE.find(([flag]) => flags.string(flag) !== "") ?? []
    if (words === undefined) return
    throw faceError(
      generation.signingConfig
        ? `unsupported: ${words} when using --new-bundle-format`
        : "when using --new-bundle-format, please supply signed content with --bundle and verification content with --trusted-root",
    )
  }
  if (flags.string("trusted-root") !== "") throw faceError("--trusted-root only supported with --new-bundle-format")
  const given = flags.string("rfc3161-timestamp") !== ""
  if (given === wantsTimestamps(invocation)) return
  const [wanted, missing] = ["--use-signed-timestamps or --timestamp-certificate-chain", "--rfc3161-timestamp-path"]
  throw faceError(
    given
      ? `when specifying ${missing}, you must also specify ${wanted}`
      : `when specifying ${wanted}, you must also specify ${missing}`,
  )
}

/** The timestamp of `--rfc3161-timestamp`. */
export async function givenTimestamps(
  { flags }: FaceInvocation,
  app: AppContext,
): Promise<Pick<BlobSigstoreRequest, "timestamps">> {
  const path = flags.string("rfc3161-timestamp")
  return path === "" ? {} : { timestamps: [await readTimestamp(app, path)] }
}
