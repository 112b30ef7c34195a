import { createPrivateKey, type KeyObject } from "node:crypto"
import { derInteger, derOctetString, derOid, derSequence, parseDer } from "../codec/der.ts"
import { malformed, tooLarge } from "../codec/malformed.ts"
import { firstPem, type PemBlock } from "../codec/pem.ts"
import { decodeUtf8 } from "../codec/utf8.ts"
import { ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { keyType } from "./key-error.ts"
import { parseOpensshKey } from "./openssh-key.ts"
import { publicKeyOf } from "./public-key.ts"

/** A private key in memory. Opaque outside this folder. */
export type PrivateKey = KeyObject

const PBES2 = "1.2.840.113549.1.5.13"
const PBKDF2 = "1.2.840.113549.1.5.12"
const SCRYPT = "1.3.6.1.4.1.11591.4.11"
/** More PBKDF2 iterations than any tool writes; each million costs about a second. */
const MAX_ITERATIONS = 10_000_000n
const WHAT = "private key"

/** What kind of private key a PEM text holds, by the label of its first block. */
export type PrivateKeyForm = "plain" | "encrypted-pkcs8" | "cosign" | "unsupported"

/** PEM labels of the encrypted keys of cosign, the current one first. */
export const COSIGN_LABELS = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"] as const

const PLAIN_LABELS: readonly string[] = ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY"]

/**
 * First PEM block of a private key file; what follows it is ignored.
 *
 * @throws {ToolError} `E_KEY_TYPE` when there is none; `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function privateKeyBlock(bytes: Uint8Array): PemBlock {
  if (bytes.length > limits.keyFileBytes) throw tooLarge(WHAT, bytes.length, limits.keyFileBytes, "bytes")
  const block = firstPem(decodeUtf8(bytes, WHAT), { what: WHAT })
  if (block === undefined) throw notAKey("invalid pem block", "no PEM block found, expected one")
  return block
}

/** Form of a block, by its label. */
export function privateKeyForm(block: PemBlock): PrivateKeyForm {
  if ((COSIGN_LABELS as readonly string[]).includes(block.label)) return "cosign"
  if (block.label === "ENCRYPTED PRIVATE KEY") return "encrypted-pkcs8"
  return PLAIN_LABELS.includes(block.label) ? "plain" : "unsupported"
}

/** `E_KEY_TYPE` whose `details.cosign` is the text cosign prints. */
function notAKey(cosign: string, why: string, next?: readonly string[]): ToolError {
  return new ToolError("E_KEY_TYPE", {
    what: "private key cannot be used",
    why,
    next: next ?? ["generate a key with `countersign keys generate`, or import one with `countersign keys import`"],
    details: { cosign },
  })
}

/** Error of a PEM type that cannot be a private key here; `details.cosign` is the text cosign prints. */
export function unsupportedPem(label: string): ToolError {
  const cosign = `unsupported pem type: ${label}`
  if (!label.endsWith("PUBLIC KEY")) return notAKey(cosign, cosign)
  return notAKey(cosign, "this is a public key, expected a private key", [
    "pass the private key that belongs to it, such as the .key file beside the .pub file",
  ])
}

/** Error of a password that does not open the key; `details.cosign` is the text cosign prints. */
export function wrongPassword(password: Uint8Array, cause?: unknown): ToolError {
  const empty = "the password that was given is empty; set COUNTERSIGN_PASSWORD or COSIGN_PASSWORD to the right one"
  return new ToolError("E_KEY_PASSWORD", {
    what: "private key cannot be decrypted",
    why: "decrypt: encrypted: decryption failed (the password is wrong or the file is damaged)",
    next: [
      password.length === 0
        ? empty
        : "check the password; a newline at its end counts when it comes from standard input",
    ],
    details: { cosign: "decrypt: encrypted: decryption failed" },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Refuse work factors meant to stall the reader. */
function checkWork(encrypted: Uint8Array): void {
  const [algorithm] = derSequence(parseDer(encrypted, WHAT), WHAT)
  const [scheme, parameters] = derSequence(algorithm, WHAT)
  if (derOid(scheme, WHAT) !== PBES2) {
    throw keyType("private key cannot be used", "encrypted with an old scheme, expected PBES2", [
      "encrypt it anew with `openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW`",
    ])
  }
  const [kdf] = derSequence(parameters, WHAT)
  const [name, values] = derSequence(kdf, WHAT)
  const [salt, first, second, third] = derSequence(values, WHAT)
  derOctetString(salt, WHAT)
  const oid = derOid(name, WHAT)
  if (oid === PBKDF2) {
    const iterations = derInteger(first, WHAT)
    if (iterations > MAX_ITERATIONS) throw tooLarge(WHAT, `${iterations}`, Number(MAX_ITERATIONS), "iterations")
  } else if (oid === SCRYPT) {
    const work: readonly [bigint, number, string][] = [
      [derInteger(first, WHAT), limits.scryptN, "N"],
      [derInteger(second, WHAT), limits.scryptR, "r"],
      [derInteger(third, WHAT), limits.scryptP, "p"],
    ]
    for (const [value, max, unit] of work) {
      if (value > BigInt(max)) throw tooLarge(WHAT, `${value}`, max, `scrypt ${unit}`)
    }
  } else {
    throw keyType("private key cannot be used", `encrypted with key derivation ${oid}, expected PBKDF2 or scrypt`)
  }
}

function fromDer(der: Uint8Array, type: "pkcs8" | "sec1" | "pkcs1"): KeyObject {
  parseDer(der, WHAT)
  try {
    return createPrivateKey({ key: Uint8Array.from(der) as Buffer, format: "der", type })
  } catch (cause) {
    throw malformed(WHAT, `not a readable ${type.toUpperCase()} key`, cause)
  }
}

function decryptPkcs8(der: Uint8Array, password: Uint8Array | undefined): KeyObject {
  if (password === undefined) {
    throw new ToolError("E_KEY_PASSWORD", {
      what: "private key needs a password",
      why: "the key is encrypted and no password was given",
    })
  }
  checkWork(der)
  try {
    const passphrase = Uint8Array.from(password) as Buffer
    return createPrivateKey({ key: Uint8Array.from(der) as Buffer, format: "der", type: "pkcs8", passphrase })
  } catch (cause) {
    throw wrongPassword(password, cause)
  }
}

function readBlock(block: PemBlock, password: Uint8Array | undefined): KeyObject {
  if (block.headers.has("Proc-Type")) {
    throw keyType("private key cannot be used", "encrypted in the old PEM way, which derives keys with MD5", [
      "encrypt it anew with `openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW`",
    ])
  }
  switch (block.label) {
    case "PRIVATE KEY":
      return fromDer(block.bytes, "pkcs8")
    case "EC PRIVATE KEY":
      return fromDer(block.bytes, "sec1")
    case "RSA PRIVATE KEY":
      return fromDer(block.bytes, "pkcs1")
    case "ENCRYPTED PRIVATE KEY":
      return decryptPkcs8(block.bytes, password)
    case "OPENSSH PRIVATE KEY":
      return parseOpensshKey(block.bytes)
    default:
      throw unsupportedPem(block.label)
  }
}

/**
 * Read a private key that is not in cosign's own format: PKCS#8 (plain or encrypted), SEC 1, PKCS#1 or OpenSSH, in PEM.
 * The first block counts.
 *
 * @param password - raw bytes, used only when the key is encrypted.
 * @throws {ToolError} `E_KEY_TYPE`, `E_KEY_PASSWORD`, `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function parsePrivateKey(pem: Uint8Array, password?: Uint8Array): PrivateKey {
  const key = readBlock(privateKeyBlock(pem), password)
  publicKeyOf(key)
  return key
}

/** Read PKCS#8 DER, as it lies inside cosign's format. @throws {ToolError} `E_KEY_TYPE`, `E_FORMAT_MALFORMED`. */
export function privateKeyFromPkcs8(der: Uint8Array): PrivateKey {
  const key = fromDer(der, "pkcs8")
  publicKeyOf(key)
  return key
}

function importAdvice(form: PrivateKeyForm): readonly string[] {
  if (form === "cosign") return ["it is encrypted already: use it as it is, as in `countersign sign --key FILE`"]
  if (form === "unsupported") return ["name a file that holds a private key in PEM"]
  return ["decrypt or convert it first: `openssl pkcs8 -topk8 -nocrypt -in FILE -out NEW`"]
}

/**
 * Check what `import-key-pair` imports: an unencrypted PKCS#1, SEC 1 or PKCS#8 key, RSA of exactly 2048, 3072 or 4096
 * bits.
 *
 * @param pem - the file's bytes; its first block counts.
 * @returns the key.
 * @throws {ToolError} `E_KEY_TYPE` whose `details.cosign` is cosign's text; `E_FORMAT_MALFORMED`.
 */
export function validateImportKey(pem: Uint8Array): PrivateKey {
  const block = privateKeyBlock(pem)
  if (!["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"].includes(block.label) || block.headers.has("Proc-Type")) {
    throw notAKey(
      "unsupported private key",
      `a PEM block of type ${block.label}, expected an unencrypted RSA PRIVATE KEY, EC PRIVATE KEY or PRIVATE KEY`,
      importAdvice(privateKeyForm(block)),
    )
  }
  const key = readBlock(block, undefined)
  const { type, bits } = publicKeyOf(key)
  if (type === "rsa" && ![2048, 3072, 4096].includes(bits)) {
    throw notAKey(
      `error validating rsa key: rsa key size ${bits} is not supported supported, modulus size must be 2048, 3072, or 4096`,
      `an RSA key of ${bits} bits, expected 2048, 3072 or 4096`,
    )
  }
  return key
}
