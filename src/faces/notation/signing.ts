import { openSigner } from "../../app/notation/open-signer.ts"
import type { EnvelopeSigner, NotationSigner } from "../../app/notation/signer.ts"
import type { AppContext, SignRequest } from "../../app/requests.ts"
import { readTimestampRoot } from "../../app/timestamp-root.ts"
import { checkTimestampUrl } from "../../app/timestamp-url.ts"
import { goQuote } from "../../codec/go-quote.ts"
import { faceError } from "./face-error.ts"
import type { FaceInvocation } from "./face-invocation.ts"
import { keyValuePairs } from "./key-value-pairs.ts"

/** A timestamp needs both halves. @throws {ToolError} `E_USAGE` in notation's words. */
export function checkTimestampFlags({ flags }: FaceInvocation): void {
  if (flags.given("timestamp-url") && flags.string("timestamp-url") === "") {
    throw faceError("timestamping: tsa url cannot be empty")
  }
  if (flags.given("timestamp-root-cert") && flags.string("timestamp-root-cert") === "") {
    throw faceError("timestamping: tsa root certificate path cannot be empty")
  }
}

/** The key that `--key`, or `--id` and `--plugin`, name; else the default one. */
export function signerOf(
  { flags }: FaceInvocation,
  app: AppContext,
  purpose: "artifact" | "blob",
): Promise<NotationSigner | EnvelopeSigner> {
  const keyId = flags.string("id")
  const name = flags.string("plugin")
  return openSigner(app.notation, {
    key: flags.string("key"),
    ...(keyId === "" || name === "" ? {} : { plugin: { name, keyId } }),
    pluginConfig: keyValuePairs(flags.strings("plugin-config"), "plugin-config"),
    purpose,
    timestamp: flags.string("timestamp-url") !== "",
    logger: app.logger,
  })
}

/** Kind of envelope: as asked for, else as the configuration says. @throws {ToolError} `E_USAGE`. */
export async function formatName({ flags }: FaceInvocation, app: AppContext): Promise<"jws" | "cose"> {
  const name = flags.given("signature-format") ? flags.string("signature-format") : await configuredFormat(app)
  if (name === "jws" || name === "cose") return name
  throw faceError(
    `signature format ${goQuote(name)} not supported\nSupported signature envelope formats are "jws" and "cose"`,
  )
}

/** COMPAT(notation 1.3): a broken configuration file counts as one that says nothing about the format. */
async function configuredFormat({ notation }: AppContext): Promise<string> {
  try {
    const { signatureFormat = "" } = await notation.readConfig()
    return signatureFormat === "" ? "jws" : signatureFormat.toLowerCase()
  } catch {
    return "jws"
  }
}

/** Options that signing artifacts and files share. */
export async function signingOptions(
  { flags, world, generation }: FaceInvocation,
  app: AppContext,
): Promise<Pick<SignRequest, "annotations" | "agent" | "expiresAfter" | "timestamp">> {
  const annotations = keyValuePairs(flags.strings("user-metadata"), "user-metadata")
  const expiry = flags.duration("expiry")
  const url = flags.string("timestamp-url")
  if (url !== "") checkTimestampUrl(url)
  const root = url === "" ? undefined : await readTimestampRoot(app.files, flags.string("timestamp-root-cert"))
  return {
    annotations,
    // COMPAT(notation): tools look for the prefix.
    agent: `notation-go/${generation.compared} countersign/${world.version.version}`,
    ...(expiry === 0 ? {} : { expiresAfter: expiry }),
    ...(root === undefined ? {} : { timestamp: { url, root: root.raw } }),
  }
}
