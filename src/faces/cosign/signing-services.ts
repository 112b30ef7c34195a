import type { AppContext } from "../../app/requests.ts"
import type { ChosenServices } from "../../app/sigstore/choose-services.ts"
import { asToolError } from "../../core/errors.ts"
import type { SigningConfig, TrustedRoot } from "../../core/sigstore.ts"
import { faceError, prefixed, sentenceOf } from "./face-error.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"
import { requireFile } from "./files.ts"

const TLOG_WITH_CONFIG =
  "--tlog-upload=false is not supported with --signing-config or --use-signing-config. Provide a signing config with " +
  "--signing-config without a transparency log service, which can be created with `cosign signing-config create` or " +
  "`curl https://raw.githubusercontent.com/sigstore/root-signing/refs/heads/main/targets/signing_config.v0.2.json | " +
  "jq 'del(.rekorTlogUrls)'` for the public instance"

/** Flags that name a service, and the value that names the public instance's. */
const URL_FLAGS: readonly (readonly [string, string])[] = [
  ["rekor-url", "https://rekor.sigstore.dev"],
  ["fulcio-url", "https://fulcio.sigstore.dev"],
  ["oidc-issuer", "https://oauth2.sigstore.dev/auth"],
  ["timestamp-server-url", ""],
]

/** The services of a signing command. */
export interface SigningServices {
  /** Signs for an identity: no key was given, or it is to get a certificate. */
  readonly keyless: boolean
  /** A signing config names them, so that there is nothing to agree to. */
  readonly configured: boolean
  /** Against which what the services answer is verified. */
  readonly trustedRoot?: TrustedRoot
  /**
   * The services of one signature.
   *
   * @param log - whether it is logged, where no signing config decides.
   */
  choose(log: boolean): ChosenServices
}

/**
 * What the flags say about signing services, read and checked.
 *
 * @param bundleFormat - whether bundles are written.
 * @throws {ToolError} in cosign's words for combinations it refuses, and files and repositories it cannot read.
 *
 * Spec: sigstore/cosign `cmd/cosign/cli/signcommon`, LoadTrustedMaterialAndSigningConfig.
 */
export async function signingServices(
  invocation: FaceInvocation,
  app: AppContext,
  bundleFormat: boolean,
): Promise<SigningServices> {
  const { flags, generation, world } = invocation
  const keyless =
    flags.string("key") === "" || (knows(invocation, "issue-certificate") && flags.bool("issue-certificate"))
  const named = (log: boolean): ChosenServices => servicesOfFlags(invocation, log)
  if (!generation.signingConfig) return { keyless, configured: false, choose: named }
  checkCombination(invocation, bundleFormat)
  const path = flags.string("signing-config")
  const configured = path !== "" || flags.bool("use-signing-config")
  const given = flags.string("trusted-root")
  const ctKey = world.env["SIGSTORE_CT_LOG_PUBLIC_KEY_FILE"] ?? ""
  const rooted = configured || (keyless && ctKey === "")
  const file = rooted && given !== "" ? await rootOfFile(app, given) : undefined
  if (!configured) {
    const root = file ?? (rooted ? await rootOfRepository(invocation, app) : undefined)
    return { keyless, configured, choose: named, ...rooting(root) }
  }
  const config = path === "" ? await configOfRepository(app) : await configOfFile(app, path)
  const { chooseServices } = await import("../../app/sigstore/choose-services.ts")
  const at = app.clock.now()
  const choose = (): ChosenServices => {
    if (keyless && config.certificateAuthorities.length === 0) {
      throw faceError("no fulcio URLs provided in signing config", { code: "E_CONFIG_INVALID" })
    }
    return chooseServices(config, { at, randomness: app.randomness, keyless })
  }
  // DEVIATION: cosign refreshes the trusted root also where no service is used that it could tell anything about.
  const used = keyless || config.logs.length > 0 || config.timestampAuthorities.length > 0
  const root = file ?? (used ? await rootOfRepository(invocation, app) : undefined)
  return { keyless, configured, choose, ...rooting(root) }
}

function rooting(root: TrustedRoot | undefined): Pick<SigningServices, "trustedRoot"> {
  return root === undefined ? {} : { trustedRoot: root }
}

/** Whether a command has a flag in this generation. */
export function knows({ command }: FaceInvocation, name: string): boolean {
  return command.flags.some((flag) => flag.name === name)
}

function servicesOfFlags({ flags }: FaceInvocation, log: boolean): ChosenServices {
  const authority = flags.string("fulcio-url")
  const issuer = flags.string("oidc-issuer")
  const url = flags.string("rekor-url")
  const stamper = flags.string("timestamp-server-url")
  return {
    ...(authority === "" ? {} : { authority: { url: authority, api: 2 } }),
    ...(issuer === "" ? {} : { issuer }),
    logs: log && url !== "" ? [{ url, majorApiVersion: 1 }] : [],
    timestamps: stamper === "" ? [] : [stamper],
  }
}

function checkCombination(invocation: FaceInvocation, bundleFormat: boolean): void {
  const { flags } = invocation
  if (flags.given("signing-config") && flags.given("use-signing-config")) {
    throw faceError(
      "if any flags in the group [use-signing-config signing-config] are set none of the others can be; " +
        "[signing-config use-signing-config] were all set",
    )
  }
  if (flags.string("signing-config") === "" && !flags.bool("use-signing-config")) return
  const url = URL_FLAGS.find(([name, usual]) => ![usual, ""].includes(flags.string(name)))
  if (url !== undefined) throw faceError("cannot specify service URLs and use signing config")
  if (!flags.bool("tlog-upload")) throw faceError(TLOG_WITH_CONFIG)
  // Signatures of images do not count as bundles in files.
  const file = invocation.command.path.at(-1)?.endsWith("-blob") === true ? flags.string("bundle") : ""
  if (bundleFormat || file !== "") return
  throw faceError(
    "must provide --new-bundle-format or --bundle where applicable with --signing-config or --use-signing-config",
  )
}

async function rootOfFile(app: AppContext, path: string): Promise<TrustedRoot> {
  try {
    await requireFile(app, path)
    const { readTrustedRoot } = await import("../../app/sigstore-request.ts")
    return await readTrustedRoot(app.files, path)
  } catch (thrown) {
    throw prefixed("loading trusted root: failed to read trusted root ", thrown)
  }
}

/** COMPAT(cosign 3.1): goes on without. */
async function rootOfRepository(invocation: FaceInvocation, app: AppContext): Promise<TrustedRoot | undefined> {
  try {
    return (await app.sigstore.trust.trustedRoot({ offline: false })).value
  } catch (thrown) {
    const why = sentenceOf(asToolError(thrown))
    await say(
      invocation,
      `WARNING: Could not fetch trusted_root.json from the TUF repository. Continuing with individual targets. Error from TUF: ${why}`,
    )
    return undefined
  }
}

async function configOfRepository(app: AppContext): Promise<SigningConfig> {
  try {
    return (await app.sigstore.trust.signingConfig({ offline: false })).value
  } catch (thrown) {
    throw prefixed("error getting signing config from TUF: ", thrown)
  }
}

async function configOfFile(app: AppContext, path: string): Promise<SigningConfig> {
  try {
    await requireFile(app, path)
    const { readSigningConfig } = await import("../../app/sigstore/choose-services.ts")
    return await readSigningConfig(app.files, path)
  } catch (thrown) {
    throw prefixed("error reading signing config from file: ", thrown)
  }
}
