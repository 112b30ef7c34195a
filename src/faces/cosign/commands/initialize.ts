import type { AppContext } from "../../../app/requests.ts"
import { readTufRoot } from "../../../app/trust/tuf-root.ts"
import { goJson, sortedKeys } from "../../../codec/go-json.ts"
import { goRfc822 } from "../../../codec/go-time.ts"
import { asToolError } from "../../../core/errors.ts"
import type { TrustStatus } from "../../../core/sigstore-ports.ts"
import { faceError, prefixed } from "../face-error.ts"
import { say, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"
import { requireFile } from "../files.ts"

/** TUF repository of the instance that Sigstore's own developers test with. */
const STAGING_MIRROR = "https://tuf-repo-cdn.sigstage.dev"

const TRUSTED_ROOT = "trusted_root.json"
const SIGNING_CONFIG = "signing_config.v0.2.json"
const NO_CHECKSUM =
  "WARNING: Fetching initial root from URL without providing its checksum is deprecated and will be disallowed in a " +
  "future Cosign release. Please provide the initial root checksum via the --root-checksum argument."

/** `cosign initialize` */
export const initialize: FaceHandler = async (invocation) => {
  const { flags, generation } = invocation
  const app = await invocation.open()
  const staging = generation.name === "cosign3" && flags.bool("staging")
  const root = flags.string("root") === "" ? undefined : await readRoot(invocation, app)
  const mirror = staging ? STAGING_MIRROR : flags.string("mirror")
  const status = await app.sigstore.trust
    .initialize({ ...(mirror === "" ? {} : { mirror }), ...(root === undefined ? {} : { root }) })
    .catch((thrown: unknown) => {
      // DEVIATION: cosign 3 carries the root of the staging instance; here it is named like that of any other.
      if (staging && root === undefined && asToolError(thrown).code === "E_TRUST_MISSING") throw noStagingRoot(thrown)
      throw generation.name === "cosign2" ? prefixed("updating local metadata and targets: ", thrown) : thrown
    })
  const names = new Set(status.targets.map(({ name }) => name))
  if (generation.name === "cosign3") {
    if (!names.has(SIGNING_CONFIG)) await say(invocation, noSigningConfig())
    if (names.has(TRUSTED_ROOT)) return 0
    await say(invocation, noTrustedRoot())
  }
  // Go's Println puts a space between its arguments.
  await invocation.world.stdout.write(`Root status: \n ${statusText(status)}\n`)
  return 0
}

function noStagingRoot(cause: unknown): Error {
  return faceError("the root of the staging repository did not come with this program", {
    code: "E_TRUST_MISSING",
    hints: ["name it, gotten by a way you trust: --staging --root FILE"],
    cause,
  })
}

function noSigningConfig(): string {
  return (
    "WARNING: Could not fetch signing_config.json from the TUF mirror (encountered error: getting info for target " +
    `"${SIGNING_CONFIG}": target not found). It is recommended to use a signing config file rather than provide ` +
    "service URLs when signing."
  )
}

function noTrustedRoot(): string {
  return (
    "WARNING: Could not fetch trusted_root.json from the TUF mirror (encountered error: getting info for target " +
    `"${TRUSTED_ROOT}": target not found), falling back to individual targets. It is recommended to update your TUF ` +
    "metadata repository to include trusted_root.json."
  )
}

/** `--root` and `--root-checksum`. @throws {ToolError} in cosign's words. */
async function readRoot(invocation: FaceInvocation, app: AppContext): Promise<Uint8Array> {
  const root = invocation.flags.string("root")
  const checksum = invocation.flags.string("root-checksum")
  const isUrl = /^https?:\/\//.test(root)
  if (isUrl && checksum === "") await say(invocation, NO_CHECKSUM)
  checkChecksum(checksum)
  const [scheme] = /^.*?:\/\//.exec(root) ?? []
  if (scheme !== undefined && !isUrl) throw faceError(`loading URL: unrecognized scheme: ${scheme}`)
  if (!isUrl) await requireFile(app, root)
  return readTufRoot(app, { root, ...(checksum === "" ? {} : { checksum }) }).catch((thrown: unknown) => {
    const error = asToolError(thrown)
    if (error.code !== "E_TRUST_MALFORMED") throw error
    throw faceError(error.what, { code: error.code, cause: error })
  })
}

function checkChecksum(checksum: string): void {
  const parts = checksum.split(":")
  if (parts.length > 2) {
    throw faceError(`wrong checksum input format, must have at most 1 colon: ${checksum}`)
  }
  const [algorithm = ""] = parts
  if (parts.length === 2 && algorithm !== "sha256" && algorithm !== "sha512") {
    throw faceError(`unsupported checksum algorithm: ${algorithm}`)
  }
}

/** Go's `RootStatus`. Spec: sigstore/sigstore `pkg/tuf/client.go`. DEVIATION: targets are sorted. */
function statusText({ folder, mirror, roles, targets }: TrustStatus): string {
  const metadata = Object.fromEntries(
    roles.map(({ name, version, bytes, expires }) => [
      `${name}.json`,
      { version, len: bytes, expiration: goRfc822(expires), error: "" },
    ]),
  )
  return goJson(
    {
      local: folder,
      remote: mirror,
      metadata: sortedKeys(metadata),
      targets: targets.map(({ name }) => name).toSorted(),
    },
    { indent: "\t" },
  )
}
