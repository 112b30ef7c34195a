import type { AppContext } from "../../../app/requests.ts"
import { readSigningConfig } from "../../../app/sigstore/choose-services.ts"
import { signingConfigDocument } from "../../../app/sigstore/trust-parts.ts"
import type { ServiceSelection, SigningConfig, SigningService } from "../../../core/sigstore.ts"
import type { FlagValues } from "../../command.ts"
import { faceError, prefixed } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { requireFile, writeDocument } from "../files.ts"
import { exclusiveFlags } from "../flag-groups.ts"
import { parseServiceSpec, requireKeys, specTime, uint32Of, valueOf } from "../service-specs.ts"

/** `cosign signing-config create` */
export const signingConfigCreate: FaceHandler = async (invocation) => {
  const { flags } = invocation
  exclusiveFlags(flags, ["base-config", "with-default-services"])
  exclusiveFlags(flags, ["base-config", "with-default-rekor-v2"])
  for (const name of ["rekor", "tsa"]) {
    if (flags.strings(name).length > 0 && flags.string(`${name}-config`) === "") {
      throw faceError(`--${name}-config must be provided when --${name} is specified`)
    }
  }
  const app = await invocation.open()
  const base = await baseOf(flags, app)
  const logSelection = selectionOf(flags, "rekor-config") ?? base.logSelection
  const timestampSelection = selectionOf(flags, "tsa-config") ?? base.timestampSelection
  const config: SigningConfig = {
    certificateAuthorities: [...base.certificateAuthorities, ...services(flags, "fulcio")],
    logs: [...base.logs, ...services(flags, "rekor")],
    oidcProviders: [...base.oidcProviders, ...services(flags, "oidc-provider")],
    timestampAuthorities: [...base.timestampAuthorities, ...services(flags, "tsa")],
    ...(logSelection === undefined ? {} : { logSelection }),
    ...(timestampSelection === undefined ? {} : { timestampSelection }),
  }
  await writeDocument(invocation, app, signingConfigDocument(config))
  return 0
}

const EMPTY: SigningConfig = { certificateAuthorities: [], oidcProviders: [], logs: [], timestampAuthorities: [] }

/** Services of the config that the new one begins with. */
async function baseOf(flags: FlagValues, app: AppContext): Promise<SigningConfig> {
  const file = flags.string("base-config")
  const rekorV2 = flags.bool("with-default-rekor-v2")
  if (file !== "") {
    const config = await requireFile(app, file)
      .then(() => readSigningConfig(app.files, file))
      .catch((thrown: unknown) => {
        throw prefixed(`loading base config from ${file}: `, thrown)
      })
    return without(config, (flag, kind) => flags.bool(flag) || flags.strings(kind).length > 0)
  }
  if (!rekorV2 && !flags.bool("with-default-services")) return EMPTY
  const data = await app.sigstore.trust.signingConfig({ offline: false, rekorV2 }).catch((thrown: unknown) => {
    throw prefixed("getting default trusted root: error getting signing config from TUF: ", thrown)
  })
  return without(data.value, (flag) => flags.bool(flag))
}

/** Leaves out the kinds that a `--no-default-…` flag, or services of their own, replace. */
function without(config: SigningConfig, drops: (flag: string, kind: string) => boolean): SigningConfig {
  const { logSelection, timestampSelection } = config
  const logs = !drops("no-default-rekor", "rekor")
  const timestamps = !drops("no-default-tsa", "tsa")
  return {
    certificateAuthorities: drops("no-default-fulcio", "fulcio") ? [] : config.certificateAuthorities,
    oidcProviders: drops("no-default-oidc", "oidc-provider") ? [] : config.oidcProviders,
    logs: logs ? config.logs : [],
    ...(logs && logSelection !== undefined ? { logSelection } : {}),
    timestampAuthorities: timestamps ? config.timestampAuthorities : [],
    ...(timestamps && timestampSelection !== undefined ? { timestampSelection } : {}),
  }
}

/** `ANY`, `ALL` or `EXACT:N`, in any letter case. */
function selectionOf(flags: FlagValues, flag: "rekor-config" | "tsa-config"): ServiceSelection | undefined {
  const text = flags.string(flag)
  if (text === "") return undefined
  const bad = (why: string): Error => faceError(`parsing ${flag}: ${why}`)
  const colon = text.indexOf(":")
  const mode = (colon < 0 ? text : text.slice(0, colon)).toUpperCase()
  switch (mode) {
    case "ANY":
    case "ALL":
      if (colon >= 0) throw bad(`mode ${mode} does not accept a count`)
      return { selector: mode }
    case "EXACT":
      if (colon < 0) throw bad("mode EXACT requires a count, e.g. EXACT:2")
      return {
        selector: "EXACT",
        count: uint32Of(text.slice(colon + 1), `parsing ${flag}: invalid count for EXACT mode`),
      }
    default:
      throw bad(`invalid service config mode: ${mode}`)
  }
}

function services(flags: FlagValues, flag: string): readonly SigningService[] {
  return flags.strings(flag).map((text) => {
    try {
      return serviceOf(text)
    } catch (thrown) {
      throw prefixed(`parsing ${flag} spec: `, thrown)
    }
  })
}

function serviceOf(text: string): SigningService {
  const spec = parseServiceSpec(text)
  const keys = ["url", "api-version", "start-time", "operator"]
  requireKeys(spec, keys, (key) => `missing required key '${key}' in service spec`)
  const majorApiVersion = uint32Of(valueOf(spec, "api-version"), "parsing api-version")
  const start = specTime(spec, "start-time") ?? 0
  const end = specTime(spec, "end-time")
  return {
    url: valueOf(spec, "url"),
    majorApiVersion,
    validFor: { start, ...(end === undefined ? {} : { end }) },
    operator: valueOf(spec, "operator"),
  }
}
