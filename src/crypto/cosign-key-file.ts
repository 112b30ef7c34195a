import { scrypt } from "node:crypto"
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js"
import { decodeBase64, encodeBase64 } from "../codec/base64.ts"
import { goJson } from "../codec/go-json.ts"
import { parseJson } from "../codec/json.ts"
import { expectInteger, expectObject, expectOneOf, expectString, member } from "../codec/json-shape.ts"
import { malformed, tooLarge } from "../codec/malformed.ts"
import { encodePem, type PemBlock } from "../codec/pem.ts"
import { encodeUtf8 } from "../codec/utf8.ts"
import type { JsonObject } from "../core/json-value.ts"
import { ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import type { Randomness } from "../core/ports.ts"
import { plain } from "./hash.ts"
import {
  COSIGN_LABELS,
  type PrivateKey,
  privateKeyBlock,
  privateKeyForm,
  privateKeyFromPkcs8,
  unsupportedPem,
  wrongPassword,
} from "./private-key.ts"

interface ScryptWork {
  readonly N: number
  readonly r: number
  readonly p: number
}

const WHAT = "encrypted private key"
const WORK: ScryptWork = { N: 65536, r: 8, p: 1 }
/** The sets go-securesystemslib knows: its legacy, OWASP and standard ones. */
const ACCEPTED_N: readonly number[] = [32768, 65536, 131072]
/** An RSA 8192 key is below 5 KiB. */
const MAX_CIPHERTEXT = 16 * 1024

function deriveKey(password: Uint8Array, salt: Uint8Array, work: ScryptWork): Promise<Uint8Array> {
  const options = { ...work, maxmem: 128 * work.N * work.r + 64 * 1024 * 1024 }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, options, (error, key) => {
      if (error === null) resolve(plain(key))
      else reject(error)
    })
  })
}

/**
 * Encrypt a private key the way cosign 2 and 3 do: PKCS#8 in a NaCl secretbox under scrypt(N=65536, r=8, p=1).
 *
 * @param password - raw bytes; may be empty.
 * @returns PEM `ENCRYPTED SIGSTORE PRIVATE KEY`.
 *
 * Shape: `{"kdf":{"name","params":{"N","r","p"},"salt"},"cipher":{"name","nonce"},"ciphertext"}`, base64 padded.
 */
export async function encryptCosignKey(key: PrivateKey, password: Uint8Array, randomness: Randomness): Promise<string> {
  const salt = randomness.bytes(32)
  const nonce = randomness.bytes(24)
  const derived = await deriveKey(password, salt, WORK)
  const pkcs8 = plain(key.export({ format: "der", type: "pkcs8" }))
  const ciphertext = xsalsa20poly1305(derived, nonce).encrypt(pkcs8)
  derived.fill(0)
  pkcs8.fill(0)
  const json = goJson({
    kdf: { name: "scrypt", params: { N: WORK.N, r: WORK.r, p: WORK.p }, salt: encodeBase64(salt) },
    cipher: { name: "nacl/secretbox", nonce: encodeBase64(nonce) },
    ciphertext: encodeBase64(ciphertext),
  })
  return encodePem(COSIGN_LABELS[0], encodeUtf8(json))
}

function checkWork(params: JsonObject): ScryptWork {
  const read = (name: string): number => expectInteger(member(params, name), `${WHAT}: kdf.params.${name}`, 1)
  const work = { N: read("N"), r: read("r"), p: read("p") }
  // SECURITY: the file chooses how much memory and time are spent; these bounds come first.
  if (work.N > limits.scryptN) throw tooLarge(WHAT, work.N, limits.scryptN, "scrypt N")
  if (work.r > limits.scryptR) throw tooLarge(WHAT, work.r, limits.scryptR, "scrypt r")
  if (work.p > limits.scryptP) throw tooLarge(WHAT, work.p, limits.scryptP, "scrypt p")
  if (ACCEPTED_N.includes(work.N) && work.r === WORK.r && work.p === WORK.p) return work
  throw new ToolError("E_KEY_TYPE", {
    what: "private key cannot be used",
    why: `unsupported scrypt parameters: N=${work.N} r=${work.r} p=${work.p}, expected N 32768, 65536 or 131072, r 8, p 1`,
    next: ["decrypt the key with the tool that made it and import it with `countersign keys import`"],
    details: { cosign: "unsupported scrypt parameters" },
  })
}

interface SealedKey {
  readonly work: ScryptWork
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
}

function parseSealed(body: Uint8Array): SealedKey {
  const root = expectObject(parseJson(body, { maxBytes: limits.keyFileBytes, maxDepth: 4, what: WHAT }), WHAT)
  const kdf = expectObject(member(root, "kdf"), `${WHAT}: kdf`)
  const cipher = expectObject(member(root, "cipher"), `${WHAT}: cipher`)
  expectOneOf(member(kdf, "name"), `${WHAT}: kdf.name`, ["scrypt"])
  expectOneOf(member(cipher, "name"), `${WHAT}: cipher.name`, ["nacl/secretbox"])
  const work = checkWork(expectObject(member(kdf, "params"), `${WHAT}: kdf.params`))
  const bytes = (object: JsonObject, name: string, max: number): Uint8Array => {
    const path = `${WHAT}: ${name}`
    return decodeBase64(expectString(member(object, name), path), { max, what: path })
  }
  const salt = bytes(kdf, "salt", 64)
  const nonce = bytes(cipher, "nonce", 24)
  const ciphertext = bytes(root, "ciphertext", MAX_CIPHERTEXT)
  if (salt.length < 16) throw malformed(WHAT, `a salt of ${salt.length} bytes, expected at least 16`)
  if (nonce.length !== 24) throw malformed(WHAT, `a nonce of ${nonce.length} bytes, expected 24`)
  if (ciphertext.length <= 16)
    throw malformed(WHAT, `a ciphertext of ${ciphertext.length} bytes, expected more than 16`)
  return { work, salt, nonce, ciphertext }
}

/**
 * Decrypt a key file of cosign. Both PEM types are read; data after the block is ignored.
 *
 * @param pem - the file's bytes, or its first block.
 * @param password - raw bytes; may be empty.
 * @throws {ToolError} `E_KEY_PASSWORD` when the password is wrong; `E_KEY_TYPE` for other PEM types and scrypt
 * parameters (`details.cosign` is cosign's text); `E_LIMIT_EXCEEDED`, `E_FORMAT_MALFORMED`.
 */
export async function decryptCosignKey(pem: Uint8Array | PemBlock, password: Uint8Array): Promise<PrivateKey> {
  const block = pem instanceof Uint8Array ? privateKeyBlock(pem) : pem
  if (privateKeyForm(block) !== "cosign") throw unsupportedPem(block.label)
  const { work, salt, nonce, ciphertext } = parseSealed(block.bytes)
  const derived = await deriveKey(password, salt, work)
  let pkcs8: Uint8Array
  try {
    pkcs8 = xsalsa20poly1305(derived, nonce).decrypt(ciphertext)
  } catch (cause) {
    throw wrongPassword(password, cause)
  }
  derived.fill(0)
  try {
    return privateKeyFromPkcs8(pkcs8)
  } finally {
    pkcs8.fill(0)
  }
}
