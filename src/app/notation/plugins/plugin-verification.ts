import { encodeBase64 } from "../../../codec/base64.ts"
import { type GoJsonValue, sortedDeep } from "../../../codec/go-json.ts"
import { goFoldedName } from "../../../codec/go-names.ts"
import { goQuote } from "../../../codec/go-quote.ts"
import { goRfc3339Nano } from "../../../codec/go-time.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { compareSemver, isSemver } from "../../../codec/semver.ts"
import type { AttributeTime, ExtendedAttribute, SignedAttributes } from "../../../core/certified.ts"
import type { ErrorCode } from "../../../core/error-catalogue.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import type { PluginHost, PluginMetadata } from "../../../core/notation-home.ts"
import { askPlugin, configMember, CONTRACT_VERSION, type PluginAnswer, type PluginConfig } from "./plugin-answer.ts"

/** Attribute that names the plugin a signature must be verified with. */
const PLUGIN_ATTRIBUTE = "io.cncf.notary.verificationPlugin"
const MIN_VERSION_ATTRIBUTE = "io.cncf.notary.verificationPluginMinVersion"
const TRUSTED_IDENTITY = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
const REVOCATION_CHECK = "SIGNATURE_VERIFIER.REVOCATION_CHECK"

/** What a plugin can take over of a verification. */
export type VerifierCapability = typeof TRUSTED_IDENTITY | typeof REVOCATION_CHECK

/** Why the verification ends, whatever the policy's level; `message` is notation's text. */
export interface PluginFault {
  readonly code: ErrorCode
  readonly message: string
}

/** The plugin that a signature asks for. */
export interface WantedPlugin {
  readonly name: string
  /** Semantic version. */
  readonly minVersion?: string
}

/** An installed plugin that may verify the signature. */
export interface VerificationPlugin {
  readonly wanted: WantedPlugin
  readonly metadata: PluginMetadata
  /** At least one, in the plugin's order. */
  readonly capabilities: readonly VerifierCapability[]
}

/** What the plugin is asked about. */
export interface PluginVerificationRequest {
  readonly attributes: SignedAttributes
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[]
  /** All identities of the policy, as written there. */
  readonly trustedIdentities: readonly string[]
  /** False when the policy skips revocation. */
  readonly checkRevocation: boolean
  readonly pluginConfig: PluginConfig
}

/** One answer of a plugin. `reason` is notation's text of a failure. */
export interface PluginVerdict {
  readonly ok: boolean
  readonly reason?: string
}

/** What a plugin answered. A verdict is there exactly for each capability that it was asked with. */
export interface PluginVerification {
  readonly trustedIdentity?: PluginVerdict
  readonly revocation?: PluginVerdict
  /** Extended attributes that the plugin understood and accepts. */
  readonly processed: readonly string[]
}

/** Either a value or why there is none. */
export type OrFault<T> = T | { readonly fault: PluginFault }

function fault(code: ErrorCode, message: string): { readonly fault: PluginFault } {
  return { fault: { code, message } }
}

/**
 * The plugin a signature asks for.
 *
 * @returns `undefined` when it asks for none.
 *
 * Spec: notaryproject/specifications `specs/plugin-extensibility.md`, "Using extended attributes for verification".
 */
export function verificationPluginOf(attributes: SignedAttributes): OrFault<WantedPlugin> | undefined {
  const name = pluginAttribute(attributes, PLUGIN_ATTRIBUTE)
  const minVersion = pluginAttribute(attributes, MIN_VERSION_ATTRIBUTE)
  if (name === undefined) {
    // DEVIATION: notation ignores a version without a plugin; what is critical and processed by nobody is refused.
    const critical = attributes.extended.some((one) => one.key === MIN_VERSION_ATTRIBUTE && one.critical)
    if (!critical) return undefined
    return fault("E_FORMAT_CRITICAL_UNKNOWN", `${MIN_VERSION_ATTRIBUTE} stands without ${PLUGIN_ATTRIBUTE}`)
  }
  if ("wrong" in name) return fault("E_FORMAT_MALFORMED", name.wrong)
  if (minVersion === undefined) return { name: name.text }
  if ("wrong" in minVersion) return badMinVersion(minVersion.wrong)
  if (isSemver(minVersion.text)) return { name: name.text, minVersion: minVersion.text }
  return badMinVersion(`${MIN_VERSION_ATTRIBUTE} from extended attribute is not a valid SemVer`)
}

function badMinVersion(wrong: string): { readonly fault: PluginFault } {
  return fault("E_FORMAT_MALFORMED", `error while getting plugin minimum version, error: ${wrong}`)
}

function pluginAttribute(
  { extended }: SignedAttributes,
  key: string,
): { readonly text: string } | { readonly wrong: string } | undefined {
  const attribute = extended.find((one) => one.key === key)
  if (attribute === undefined) return undefined
  if (!attribute.critical) return { wrong: `${key} is not a critical Extended attribute` }
  if (typeof attribute.value !== "string") return { wrong: `${key} from extended attribute is not a string` }
  if (attribute.value.trim() === "") return { wrong: `${key} from extended attribute is an empty string` }
  return { text: attribute.value }
}

/**
 * Find the plugin and see that it can verify: right version, at least one capability.
 *
 * SECURITY: its name comes from a signature that nobody trusts yet; only a plugin that the user installed is started.
 */
export async function findVerificationPlugin(
  host: PluginHost,
  wanted: WantedPlugin,
  pluginConfig: PluginConfig,
): Promise<OrFault<VerificationPlugin>> {
  const { name, minVersion } = wanted
  let metadata: PluginMetadata
  try {
    checkFolderName(name)
    metadata = await host.metadata(name, pluginConfig)
  } catch (thrown) {
    const { code, what } = asToolError(thrown)
    if (code !== "E_PLUGIN_NOT_FOUND") return fault(code, what)
    const advice = "make sure the plugin is installed successfully before verifying the signature"
    return fault(code, `error while locating the verification plugin ${goQuote(name)}, ${advice}. error: ${what}`)
  }
  const { version } = metadata
  if (!isSemver(version)) {
    return fault("E_PLUGIN_FAILED", `plugin ${name} has pluginVersion ${version} which is not in valid semver format`)
  }
  if (minVersion !== undefined && compareSemver(version, minVersion) < 0) {
    const needs = `but signature verification needs plugin version greater than or equal to ${minVersion}`
    return fault("E_PLUGIN_FAILED", `found plugin ${name} with version ${version} ${needs}`)
  }
  const capabilities = metadata.capabilities.filter(isVerifier)
  if (capabilities.length > 0) return { wanted, metadata, capabilities }
  const either = `(${goQuote(TRUSTED_IDENTITY)} and/or ${goQuote(REVOCATION_CHECK)})`
  return fault(
    "E_PLUGIN_FAILED",
    `digital signature requires plugin ${goQuote(name)} with signature verification capabilities ${either} installed`,
  )
}

/** @throws {ToolError} `E_PLUGIN_NOT_FOUND` for names that would lead out of the folder of plugins. */
function checkFolderName(name: string): void {
  if (!/[/\\\0]/.test(name) && name !== "." && name !== "..") return
  throw new ToolError("E_PLUGIN_NOT_FOUND", { what: "the name is no name of a folder" })
}

function isVerifier(capability: string): capability is VerifierCapability {
  return capability === TRUSTED_IDENTITY || capability === REVOCATION_CHECK
}

/**
 * Ask the plugin about a signature whose integrity holds and whose chain is trusted.
 *
 * The plugin is not asked when the policy leaves nothing to ask; then no attribute counts as processed and what is
 * critical among them is a fault.
 *
 * @returns verdicts for what was asked; a fault ends the verification whatever the policy's level.
 */
export async function verifyWithPlugin(
  host: PluginHost,
  plugin: VerificationPlugin,
  request: PluginVerificationRequest,
  signal?: AbortSignal,
): Promise<OrFault<PluginVerification>> {
  const { name } = plugin.wanted
  const { attributes } = request
  const asked = plugin.capabilities.filter((one) => one !== REVOCATION_CHECK || request.checkRevocation)
  if (asked.length === 0) {
    const left = unprocessed(attributes, []).find(({ critical }) => critical)
    return left === undefined ? { processed: [] } : notProcessed(left, name)
  }
  try {
    const answer = await askPlugin(host, name, "verify-signature", verifyRequest(request, asked), signal)
    return readVerification(name, attributes, asked, answer)
  } catch (thrown) {
    const { code, what } = asToolError(thrown)
    return fault(code, `failed to verify with plugin ${name}: ${what}`)
  }
}

/** Extended attributes that are left when those of the protocol and the given ones are taken away. */
function unprocessed({ extended }: SignedAttributes, processed: readonly string[]): readonly ExtendedAttribute[] {
  return extended.filter(
    ({ key }) =>
      key !== PLUGIN_ATTRIBUTE &&
      key !== MIN_VERSION_ATTRIBUTE &&
      !(typeof key === "string" && processed.includes(key)),
  )
}

function notProcessed({ key }: ExtendedAttribute, name: string): { readonly fault: PluginFault } {
  const attribute = typeof key === "string" ? goQuote(key) : String(key)
  const rule = "(all extended critical attributes must be processed by the verification plugin)"
  return fault(
    "E_FORMAT_CRITICAL_UNKNOWN",
    `extended critical attribute ${attribute} was not processed by the verification plugin ${goQuote(name)} ${rule}`,
  )
}

/** COMPAT(notation 1.3): the zero time stands for no expiry, null for no attributes, and every attribute is handed over. */
function verifyRequest(request: PluginVerificationRequest, asked: readonly VerifierCapability[]): JsonObject {
  const { attributes, chain, trustedIdentities, pluginConfig } = request
  const { contentType, signingScheme, signingTime, expiry } = attributes
  const extended = unprocessed(attributes, []).flatMap(({ key, value }): [string, JsonValue][] =>
    typeof key === "string" ? [[key, value]] : [],
  )
  const authority = signingScheme === "notary.x509.signingAuthority"
  return {
    contractVersion: CONTRACT_VERSION,
    signature: {
      criticalAttributes: {
        contentType,
        signingScheme,
        expiry: expiry === undefined ? "0001-01-01T00:00:00Z" : goTime(expiry),
        ...(authority ? { authenticSigningTime: goTime(signingTime) } : {}),
        ...(extended.length === 0 ? {} : { extendedAttributes: sortedObject(Object.fromEntries(extended)) }),
      },
      unprocessedAttributes: extended.length === 0 ? null : extended.map(([key]) => key),
      certificateChain: chain.map(encodeBase64),
    },
    trustPolicy: { trustedIdentities, signatureVerification: asked },
    ...configMember(pluginConfig),
  }
}

function goTime({ at, zone }: AttributeTime): string {
  return goRfc3339Nano(at, zone)
}

/** Members sorted on every level, as Go prints maps. */
function sortedObject(object: JsonObject): JsonObject {
  return plainOf(sortedDeep(object)) as JsonObject
}

function plainOf(value: GoJsonValue): JsonValue {
  if (value instanceof Map) {
    return Object.fromEntries(
      [...(value as ReadonlyMap<string, GoJsonValue>)].map(([key, item]) => [key, plainOf(item)]),
    )
  }
  return Array.isArray(value) ? (value as readonly GoJsonValue[]).map(plainOf) : (value as JsonValue)
}

function readVerification(
  name: string,
  attributes: SignedAttributes,
  asked: readonly VerifierCapability[],
  answer: PluginAnswer,
): OrFault<PluginVerification> {
  const processed = answer.list("processedAttributes").filter((item) => typeof item === "string")
  // Attributes that are no text are not handed over; one that is critical is understood by nobody.
  const left = unprocessed(attributes, processed).find(({ key, critical }) => critical || typeof key === "string")
  if (left !== undefined) return notProcessed(left, name)
  const results = answer.object("verificationResults") ?? {}
  const verdicts: { trustedIdentity?: PluginVerdict; revocation?: PluginVerdict } = {}
  for (const capability of asked) {
    const result = member(results, capability)
    const success = isObject(result) ? member(result, "success") : undefined
    if (!isObject(result) || ambiguous(result) || (success !== undefined && typeof success !== "boolean")) {
      return fault("E_PLUGIN_FAILED", `verification plugin ${goQuote(name)} failed to verify ${goQuote(capability)}`)
    }
    verdicts[capability === TRUSTED_IDENTITY ? "trustedIdentity" : "revocation"] =
      success === true ? { ok: true } : { ok: false, reason: failure(name, capability, result) }
  }
  return { ...verdicts, processed }
}

/** SECURITY: Go's decoder takes `"Success"` for `success`, too, and the last of both. */
function ambiguous(result: JsonObject): boolean {
  return Object.keys(result).some((key) => key !== "success" && goFoldedName(key) === "success")
}

function failure(name: string, capability: VerifierCapability, result: JsonObject): string {
  const reason = member(result, "reason")
  const said = goQuote(typeof reason === "string" ? reason : "")
  return capability === TRUSTED_IDENTITY
    ? `trusted identify verification by plugin ${goQuote(name)} failed with reason ${said}`
    : `revocation check by verification plugin ${goQuote(name)} failed with reason ${said}`
}
