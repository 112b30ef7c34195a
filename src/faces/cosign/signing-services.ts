import type { JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import { isObject } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { faceError, prefixed } from "./face-error.ts"
import type { FaceInvocation } from "./face-invocation.ts"
import { say } from "./face-invocation.ts"
import { readFile } from "./files.ts"

const CONFIG_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
const SERVICES = ["caUrls", "oidcUrls", "rekorTlogUrls", "tsaUrls"]
const SELECTORS = ["rekorTlogConfig", "tsaConfig"]

const TLOG_WITH_CONFIG =
  "--tlog-upload=false is not supported with --signing-config or --use-signing-config. Provide a signing config with " +
  "--signing-config without a transparency log service, which can be created with `cosign signing-config create` or " +
  "`curl https://raw.githubusercontent.com/sigstore/root-signing/refs/heads/main/targets/signing_config.v0.2.json | " +
  "jq 'del(.rekorTlogUrls)'` for the public instance"

/**
 * Check what the flags say about signing services, and warn when cosign would have used a transparency log.
 *
 * DEVIATION: nothing is ever sent to a log, a certificate authority or a timestamp authority. What asks for one
 * explicitly is refused; where cosign would use one by default, one warning is printed.
 *
 * @throws {ToolError} in cosign's words for combinations it refuses.
 */
export async function checkSigningServices(invocation: FaceInvocation, bundleFormat: boolean): Promise<void> {
  const { flags, generation } = invocation
  const config = generation.signingConfig ? await checkSigningConfig(invocation, bundleFormat) : false
  if (flags.given("tlog-upload") && flags.bool("tlog-upload")) {
    throw faceError("--tlog-upload=true is not supported: transparency logs are not part of this release", {
      hints: ["leave out --tlog-upload"],
    })
  }
  if (config || !flags.bool("tlog-upload")) return
  await say(invocation, "WARNING: no transparency-log entry is made: signing services are not part of this release")
}

/** @returns whether a signing config file was given. */
async function checkSigningConfig(invocation: FaceInvocation, bundleFormat: boolean): Promise<boolean> {
  const { flags } = invocation
  const path = flags.string("signing-config")
  if (flags.given("signing-config") && flags.given("use-signing-config")) {
    throw faceError(
      "if any flags in the group [use-signing-config signing-config] are set none of the others can be; " +
        "[signing-config use-signing-config] were all set",
    )
  }
  const uses = path !== "" || flags.bool("use-signing-config")
  if (uses && !flags.bool("tlog-upload")) throw faceError(TLOG_WITH_CONFIG)
  if (uses && !bundleFormat && flags.string("bundle") === "") {
    throw faceError(
      "must provide --new-bundle-format or --bundle where applicable with --signing-config or --use-signing-config",
    )
  }
  if (path === "") return false
  try {
    const app = await invocation.open()
    const bytes = await readFile(app, path, limits.configFileBytes)
    checkConfig(parseJson(bytes, { what: "signing config", maxBytes: limits.configFileBytes }))
  } catch (thrown) {
    throw prefixed("error reading signing config from file: ", thrown)
  }
  return true
}

function checkConfig(config: JsonValue): void {
  if (!isObject(config)) {
    throw faceError("the signing config is no JSON object", { code: "E_TRUST_MALFORMED" })
  }
  for (const [name, value] of Object.entries(config)) {
    const member = name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (member === "mediaType" && value === CONFIG_TYPE) continue
    if (SELECTORS.includes(member)) continue
    if (!SERVICES.includes(member)) {
      throw faceError(`unsupported signing config: member ${JSON.stringify(name)}`, {
        code: "E_TRUST_MALFORMED",
        hints: [`expected the media type ${CONFIG_TYPE} and lists of services`],
      })
    }
    if (!Array.isArray(value) || value.length > 0) {
      throw faceError(`the signing config names services in ${member}, which are not part of this release`, {
        code: "E_TRUST_MALFORMED",
        hints: [`give a signing config without services: {"mediaType":"${CONFIG_TYPE}"}`],
      })
    }
  }
  if (!Object.hasOwn(config, "mediaType") && !Object.hasOwn(config, "media_type")) {
    throw faceError("the signing config has no media type", { code: "E_TRUST_MALFORMED" })
  }
}
