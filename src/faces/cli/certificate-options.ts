import { readTimestampRoot } from "../../app/timestamp-root.ts"
import { checkTimestampUrl } from "../../app/timestamp-url.ts"
import { certificateAuthority, type CertificateQuestion } from "../../app/notation/certificate-question.ts"
import { openNamedStores } from "../../app/notation/named-stores.ts"
import type { AppContext, SignRequest, VerifyRequest } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import type { FlagValues } from "../command.ts"
import { refuseFlags, type Session } from "./session.ts"
import type { NamedIdentities } from "./sigstore-options.ts"
import { parseAnnotations } from "./values.ts"

/**
 * Expiry, timestamp and agent of notation signatures, from the flags of `sign`.
 *
 * @param certified - whether a notation format is asked for; the flags are refused without one.
 * @throws {ToolError} `E_USAGE`, `E_TRUST_MALFORMED` for a root that is none, `E_FILE_NOT_FOUND`.
 */
export async function certifiedOptions(
  { flags, world }: Session,
  app: AppContext,
  certified: boolean,
): Promise<Pick<SignRequest, "expiresAfter" | "timestamp" | "agent">> {
  if (!certified) {
    refuseFlags(
      flags,
      ["expires", "timestamp-root"],
      "signatures of the notation formats alone hold it",
      "add `--format notation`",
    )
    return {}
  }
  const expires = flags.duration("expires")
  if (flags.given("expires") && expires <= 0) {
    throw new ToolError("E_USAGE", {
      what: "an expiry that is no time ahead",
      why: "--expires is zero or negative",
      next: ["name a duration such as `--expires 720h`"],
    })
  }
  const timestamp = await timestampOptions(flags, app)
  return {
    agent: `countersign/${world.version.version}`,
    ...(expires > 0 ? { expiresAfter: expires } : {}),
    ...(timestamp === undefined ? {} : { timestamp }),
  }
}

async function timestampOptions(flags: FlagValues, app: AppContext): Promise<SignRequest["timestamp"]> {
  const url = flags.string("timestamp-url")
  const root = flags.string("timestamp-root")
  if (url === "" && root === "") return undefined
  if (url === "" || root === "") {
    throw new ToolError("E_USAGE", {
      what: "half of what a timestamp needs",
      why: `expected --timestamp-url and --timestamp-root, got ${url === "" ? "the root" : "the URL"} alone`,
      next: ["name the authority's URL and the file with its root certificate"],
    })
  }
  checkTimestampUrl(url)
  return { url, root: (await readTimestampRoot(app.files, root)).raw }
}

const COMPANIONS = ["level", "override", "verify-timestamp", "plugin-config"]

/**
 * What `--trust-store`, `--identity` and their companions ask; `undefined` when none of them was given.
 *
 * @param identities - those that trust stores judge.
 */
export function certificateQuestion(
  flags: FlagValues,
  identities: NamedIdentities["notation"],
): CertificateQuestion | undefined {
  const stores = flags.strings("trust-store")
  if (stores.length === 0 && identities.length === 0) {
    refuseFlags(flags, COMPANIONS, "it says how certificates are checked, and no trust store is named")
    return undefined
  }
  return {
    stores,
    identities,
    level: flags.string("level"),
    overrides: flags.strings("override"),
    verifyTimestamp: flags.string("verify-timestamp"),
  }
}

/**
 * The question as a request asks it, with the stores it names loaded.
 *
 * @throws {ToolError} `E_TRUST_MISSING`, `E_TRUST_MALFORMED`, `E_FILE_NOT_FOUND`, `E_USAGE`.
 */
export async function certificateRequest(
  question: CertificateQuestion | undefined,
  app: AppContext,
  flags: FlagValues,
): Promise<Pick<VerifyRequest, "certificates" | "trustStore" | "pluginConfig">> {
  if (question === undefined) return {}
  const certificates = certificateAuthority(question)
  return {
    certificates,
    trustStore: await openNamedStores(app, certificates.stores),
    pluginConfig: parseAnnotations(flags.strings("plugin-config")),
  }
}
