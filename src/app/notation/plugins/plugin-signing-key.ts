import { encodeBase64 } from "../../../codec/base64.ts"
import { goQuote } from "../../../codec/go-quote.ts"
import { asToolError } from "../../../core/errors.ts"
import type { PluginHost, PluginMetadata } from "../../../core/notation-home.ts"
import type { PublicKey } from "../../../core/ports.ts"
import { derEcdsaSignature } from "../../../crypto/ecdsa-raw.ts"
import { type KeySpec, keySpecByName, keySpecOf, keySpecs } from "../../../crypto/key-spec.ts"
import { parsePublicKey } from "../../../crypto/public-key.ts"
import { verifySignature } from "../../../crypto/verify.ts"
import type { CertifiedSignature, NotationSigner } from "../signer.ts"
import {
  askPlugin,
  configMember,
  CONTRACT_VERSION,
  type PluginAnswer,
  type PluginConfig,
  wrapped,
  wrongAnswer,
} from "./plugin-answer.ts"

/** A key that a plugin keeps. */
export interface PluginKey {
  /** Of the plugin. */
  readonly name: string
  readonly keyId: string
  readonly pluginConfig: PluginConfig
  readonly metadata: PluginMetadata
}

/** Bytes of the longest signature: RSA-4096. */
const SIGNATURE_BYTES = 512

/**
 * A key behind a plugin with the capability `SIGNATURE_GENERATOR.RAW`; asks the plugin what key it is.
 *
 * SECURITY: nothing the plugin answers is taken on trust: a signature is handed on only after it verified with the key
 * of the certificate that came with it.
 *
 * @throws {ToolError} `E_PLUGIN_FAILED` with notation's texts after `failed to sign with the plugin NAME: `; also from
 *   the signer's `sign`.
 *
 * Spec: notaryproject/specifications `specs/plugin-extensibility.md`, "describe-key" and "generate-signature".
 */
export async function pluginSigningKey(
  host: PluginHost,
  key: PluginKey,
  purpose: "artifact" | "blob" = "artifact",
  signal?: AbortSignal,
): Promise<NotationSigner> {
  // COMPAT(notation 2.0): errors while signing a blob are not wrapped.
  const prefix = purpose === "blob" ? "" : `failed to sign with the plugin ${key.metadata.name}: `
  const wrapping = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (thrown) {
      throw wrapped(prefix, thrown)
    }
  }
  const keySpec = await wrapping(() => describeKey(host, key, signal))
  return {
    kind: "key",
    keySpec,
    agent: `${key.metadata.name}/${key.metadata.version}`,
    sign: (message) => wrapping(() => generateSignature(host, key, keySpec, message, signal)),
  }
}

async function describeKey(host: PluginHost, key: PluginKey, signal: AbortSignal | undefined): Promise<KeySpec> {
  const request = { contractVersion: CONTRACT_VERSION, keyId: key.keyId, ...configMember(key.pluginConfig) }
  const answer = await askPlugin(host, key.name, "describe-key", request, signal)
  checkKeyId(answer, "describeKey", key.keyId)
  const name = answer.text("keySpec")
  const spec = keySpecByName(name)
  if (spec !== undefined) return spec
  throw wrongAnswer("unknown key spec", `saw ${goQuote(name)}, expected ${keySpecs.map((row) => row.name).join(", ")}`)
}

async function generateSignature(
  host: PluginHost,
  key: PluginKey,
  keySpec: KeySpec,
  message: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<CertifiedSignature> {
  const request = {
    contractVersion: CONTRACT_VERSION,
    keyId: key.keyId,
    keySpec: keySpec.name,
    hashAlgorithm: keySpec.hashName,
    payload: encodeBase64(message),
    ...configMember(key.pluginConfig),
  }
  const answer = await askPlugin(host, key.name, "generate-signature", request, signal)
  checkKeyId(answer, "generateSignature", key.keyId)
  const algorithm = answer.text("signingAlgorithm")
  if (algorithm !== keySpec.algorithm) {
    throw wrongAnswer(
      `signingAlgorithm in generateSignature response ${goQuote(algorithm)} does not match the key spec ${goQuote(keySpec.name)}`,
      `expected ${keySpec.algorithm}`,
    )
  }
  const chain = answer.certificates("certificateChain")
  const leaf = leafKey(chain[0], keySpec)
  const raw = answer.bytes("signature", SIGNATURE_BYTES)
  const signature = keySpec.rawBytes === undefined ? raw : derEcdsaSignature(raw, keySpec.rawBytes)
  if (signature === undefined || !verifySignature(leaf, keySpec.scheme, message, signature)) {
    const width = keySpec.rawBytes === undefined ? "" : `, expected ${keySpec.rawBytes} bytes of r and s`
    throw wrongAnswer(
      `generated signature failed verification: signature is invalid. Error: crypto/${leaf.type === "rsa" ? "rsa" : "ecdsa"}: verification error`,
      `${raw.length} bytes that the key of the first certificate does not verify${width}`,
    )
  }
  return { signature, publicKey: leaf, chain }
}

function checkKeyId(answer: PluginAnswer, response: string, keyId: string): void {
  const seen = answer.text("keyId")
  if (seen === keyId) return
  throw wrongAnswer(`keyID in ${response} response ${goQuote(seen)} does not match request ${goQuote(keyId)}`)
}

function leafKey(leaf: Uint8Array | undefined, keySpec: KeySpec): PublicKey {
  if (leaf === undefined) throw wrongAnswer("certificate chain is not present", "generateSignature response has none")
  let key: PublicKey
  try {
    key = parsePublicKey(leaf, { certificate: true, what: "signing certificate" })
  } catch (thrown) {
    throw wrongAnswer("x509: malformed certificate", asToolError(thrown).message)
  }
  const seen = keySpecOf(key)
  if (seen === keySpec) return key
  throw wrongAnswer(
    "the certificate is not for the key that was described",
    `the first certificate holds a key of ${seen?.name ?? `${key.type} ${key.bits}`}, describe-key said ${keySpec.name}`,
  )
}
