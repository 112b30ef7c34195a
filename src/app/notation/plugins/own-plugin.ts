/** The plugin of this program: it lends the keys that key references reach to everything that speaks the plugin protocol. */
import { decodeBase64, encodeBase64 } from "../../../codec/base64.ts"
import { expectObject, expectText, member, stringRecord } from "../../../codec/json-shape.ts"
import { parseJson } from "../../../codec/json.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import type { PluginMetadata } from "../../../core/notation-home.ts"
import type { SigningKey } from "../../../core/ports.ts"
import { rawEcdsaSignature } from "../../../crypto/ecdsa-raw.ts"
import { type KeySpec, keySpecOf, keySpecs } from "../../../crypto/key-spec.ts"
import { sameKey } from "../../../crypto/public-key.ts"
import type { Certificate } from "../../../crypto/x509/certificate.ts"
import { parseCertificateFile } from "../../../crypto/x509/certificate-file.ts"
import { chainFault } from "../../../trust/x509/chain-rules.ts"
import type { AppContext } from "../../requests.ts"
import { CONTRACT_VERSION, type PluginConfig } from "./plugin-answer.ts"

/** Name of the plugin; its program is `notation-countersign`. */
export const OWN_PLUGIN = "countersign"

/** What lending a key needs of the world. */
export type LendingApp = Pick<AppContext, "keys" | "files">

/** A request for a key, well-formed. */
export interface LendRequest {
  /** Key reference: a path or `env://NAME`. */
  readonly keyId: string
  readonly config: PluginConfig
  /** The request as received, for the members of its command. */
  readonly document: JsonObject
}

/** Settings that are understood. */
const SETTINGS = ["certs", "password-file"]

/** Answer of `get-plugin-metadata`. @param version - of this program. */
export function ownPluginMetadata(version: string): PluginMetadata {
  return {
    name: OWN_PLUGIN,
    description: "Sign with keys that countersign can open",
    version,
    url: "https://countersign.dev",
    supportedContractVersions: [CONTRACT_VERSION],
    capabilities: ["SIGNATURE_GENERATOR.RAW"],
  }
}

/**
 * Read a request of `describe-key` or `generate-signature`.
 *
 * @param bytes - standard input.
 * @throws {ToolError} `E_FORMAT_MALFORMED`; `E_FORMAT_UNSUPPORTED_VERSION` for another contract; `E_USAGE` for settings
 *   that are not understood and for `-`, since standard input holds the request.
 */
export function readLendRequest(bytes: Uint8Array): LendRequest {
  const what = "request"
  const document = expectObject(parseJson(bytes, { maxBytes: limits.attachmentBytes, what }), what)
  const version = member(document, "contractVersion")
  if (version !== CONTRACT_VERSION) {
    throw new ToolError("E_FORMAT_UNSUPPORTED_VERSION", {
      what: "the contract version of the request is not supported",
      why: `saw ${JSON.stringify(version ?? null)}, expected ${JSON.stringify(CONTRACT_VERSION)}`,
    })
  }
  const keyId = expectText(member(document, "keyId"), "request.keyId")
  const config = stringRecord(member(document, "pluginConfig") ?? undefined, "request.pluginConfig", 100)
  const unknown = Object.keys(config).find((name) => !SETTINGS.includes(name))
  if (unknown !== undefined) {
    throw new ToolError("E_USAGE", {
      what: `the plugin setting ${JSON.stringify(unknown)} is not understood`,
      why: `expected ${SETTINGS.join(" or ")}`,
      next: ["check the spelling of `--plugin-config`"],
    })
  }
  if ([keyId, ...Object.values(config)].includes("-")) {
    throw new ToolError("E_USAGE", {
      what: "a plugin cannot read a key, certificates or a password from standard input",
      why: "saw -, and standard input holds the request",
      next: ["name a file, or a variable as `env://NAME`"],
    })
  }
  return { keyId, config, document }
}

/** Answer `describe-key`. @throws {ToolError} what opening the key throws; `E_KEY_TYPE` for keys that cannot sign so. */
export async function describeLentKey({ keys }: LendingApp, { keyId }: LendRequest): Promise<JsonObject> {
  return { keyId, keySpec: specOf(await keys.signingKey(keyId)).name }
}

/**
 * Answer `generate-signature`.
 *
 * @throws {ToolError} what opening the key and reading the certificates throws; `E_USAGE` when the request asks for
 *   another algorithm than the key's, or no file of certificates is named or found; `E_CERT_*` for a chain that no
 *   verifier would accept.
 */
export async function signWithLentKey(app: LendingApp, request: LendRequest): Promise<JsonObject> {
  const { keyId, document } = request
  const payload = decodeBase64(expectText(member(document, "payload"), "request.payload"), {
    what: "request.payload",
    max: limits.attachmentBytes,
  })
  const key = await app.keys.signingKey(keyId)
  const spec = specOf(key)
  checkAsked(document, "keySpec", spec.name)
  checkAsked(document, "hashAlgorithm", spec.hashName)
  const chain = await readChain(app, request, key)
  const signature = await key.sign(payload, spec.scheme)
  const raw = spec.rawBytes === undefined ? signature : rawEcdsaSignature(signature, spec.rawBytes)
  if (raw === undefined) throw new ToolError("E_INTERNAL", { what: "the key made a signature that is none" })
  return {
    keyId,
    signature: encodeBase64(raw),
    signingAlgorithm: spec.algorithm,
    certificateChain: chain.map((certificate) => encodeBase64(certificate.raw)),
  }
}

function specOf({ publicKey }: SigningKey): KeySpec {
  const spec = keySpecOf(publicKey)
  if (spec !== undefined) return spec
  throw new ToolError("E_KEY_TYPE", {
    what: `a ${publicKey.type} key of ${publicKey.bits} bits cannot sign in Notary Project formats`,
    why: `expected one of ${keySpecs.map(({ name }) => name).join(", ")}`,
    next: ["use a key of a listed kind and size"],
  })
}

function checkAsked(document: JsonObject, name: string, expected: string): void {
  const seen = expectText(member(document, name), `request.${name}`)
  if (seen === expected) return
  throw new ToolError("E_USAGE", {
    what: `the request's ${name} is not that of the key`,
    why: `saw ${JSON.stringify(seen)}, expected ${expected}`,
    next: ["remove the key from the list and add it again, if another key lies in its place now"],
  })
}

async function readChain(
  app: LendingApp,
  { keyId, config }: LendRequest,
  key: SigningKey,
): Promise<readonly Certificate[]> {
  const path = config["certs"] ?? (await besideKey(app, keyId))
  const chain = parseCertificateFile(await app.files.read(path, limits.pemBytes))
  const [leaf] = chain
  if (leaf === undefined) throw unusable(path, "it holds no certificate")
  if (leaf.publicKey === undefined || !sameKey(leaf.publicKey, key.publicKey)) {
    throw unusable(path, "its first certificate is for another key")
  }
  const fault = chainFault(chain, "code-signing")
  if (fault === undefined) return chain
  throw new ToolError(fault.code, {
    what: `the certificates in ${path} cannot be used`,
    why: fault.message,
    kind: "usage",
  })
}

function unusable(path: string, why: string): ToolError {
  return new ToolError("E_CERT_CHAIN", {
    what: `the certificates in ${path} cannot be used`,
    why: `${why}, expected those of the signing key, leaf first, root last`,
    next: ["name the right file with `--plugin-config certs=FILE`"],
    kind: "usage",
  })
}

/** `release.crt` or `release.pem` for `release.key`. */
async function besideKey({ files }: LendingApp, keyId: string): Promise<string> {
  const isFile = !/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(keyId)
  const stem = keyId.replace(/\.[^./\\]*$/, "")
  const candidates = isFile ? [`${stem}.crt`, `${stem}.pem`].filter((path) => path !== keyId) : []
  for (const path of candidates) if (await exists(files, path)) return path
  const looked =
    candidates.length === 0 ? "the key is no file that could lie beside them" : `looked for ${candidates.join(", ")}`
  throw new ToolError("E_USAGE", {
    what: "the certificates of the key are not known",
    why: `no setting certs, and ${looked}`,
    next: ["name their file with `--plugin-config certs=FILE`"],
  })
}

async function exists(files: LendingApp["files"], path: string): Promise<boolean> {
  try {
    return await files.exists(path)
  } catch (thrown) {
    if (asToolError(thrown).code === "E_IO") return false
    throw thrown
  }
}
