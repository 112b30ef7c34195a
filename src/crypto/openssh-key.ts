import { createPrivateKey, type JsonWebKey, type KeyObject } from "node:crypto"
import { encodeBase64Url } from "../codec/base64.ts"
import { bigintToBytes, bytesToBigint } from "../codec/der.ts"
import { malformed } from "../codec/malformed.ts"
import { keyType } from "./key-error.ts"

const MAGIC = "openssh-key-v1\0"
const WHAT = "OpenSSH private key"
const CURVES: ReadonlyMap<string, { readonly crv: string; readonly size: number }> = new Map([
  ["nistp256", { crv: "P-256", size: 32 }],
  ["nistp384", { crv: "P-384", size: 48 }],
  ["nistp521", { crv: "P-521", size: 66 }],
])

/** Reads the wire format of RFC 4251 section 5. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw malformed(WHAT, `ends at offset ${this.#bytes.length}`)
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  uint32(): number {
    return this.take(4).reduce((sum, byte) => sum * 256 + byte, 0)
  }

  string(): Uint8Array {
    return this.take(this.uint32())
  }

  text(): string {
    return String.fromCharCode(...this.string().subarray(0, 100))
  }

  /** A positive integer. */
  integer(): bigint {
    const bytes = this.string()
    if ((bytes[0] ?? 0x80) >= 0x80) throw malformed(WHAT, "an integer is not positive")
    return bytesToBigint(bytes)
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at)
  }
}

function base64Url(value: bigint, size?: number): string {
  try {
    return encodeBase64Url(bigintToBytes(value, size))
  } catch (cause) {
    throw malformed(WHAT, "a number is too large for the curve", cause)
  }
}

function ecJwk(reader: Reader): JsonWebKey {
  const curve = reader.text()
  const known = CURVES.get(curve)
  if (known === undefined) throw keyType("private key cannot be used", `unknown curve ${JSON.stringify(curve)}`)
  const { crv, size } = known
  const point = reader.string()
  if (point[0] !== 4 || point.length !== 1 + 2 * size) throw malformed(WHAT, "the point is not an uncompressed one")
  const x = encodeBase64Url(point.subarray(1, 1 + size))
  const y = encodeBase64Url(point.subarray(1 + size))
  return { kty: "EC", crv, x, y, d: base64Url(reader.integer(), size) }
}

function rsaJwk(reader: Reader): JsonWebKey {
  const [n, e, d, qi, p, q] = [0, 1, 2, 3, 4, 5].map(() => reader.integer()) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  // SECURITY: an inconsistent key leaks its factors through its first signature.
  if (p < 3n || q < 3n || p * q !== n || (qi * q) % p !== 1n) throw malformed(WHAT, "the RSA numbers do not fit")
  const numbers = { n, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi }
  if ((e * d) % (p - 1n) !== 1n || (e * d) % (q - 1n) !== 1n) {
    throw malformed(WHAT, "the RSA numbers do not fit")
  }
  return { kty: "RSA", ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, base64Url(value)])) }
}

function ed25519Jwk(reader: Reader): JsonWebKey {
  const x = reader.string()
  const secret = reader.string()
  if (x.length !== 32 || secret.length !== 64) throw malformed(WHAT, "an Ed25519 key of wrong length")
  return { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(x), d: encodeBase64Url(secret.subarray(0, 32)) }
}

function readJwk(reader: Reader): JsonWebKey {
  const type = reader.text()
  if (type === "ssh-ed25519") return ed25519Jwk(reader)
  if (type === "ssh-rsa") return rsaJwk(reader)
  if (/^ecdsa-sha2-nistp(?:256|384|521)$/.test(type)) return ecJwk(reader)
  throw keyType("private key cannot be used", `OpenSSH key of type ${JSON.stringify(type)}`)
}

/**
 * Read an unencrypted OpenSSH private key.
 *
 * @param bytes - decoded body of the `OPENSSH PRIVATE KEY` block.
 * @throws {ToolError} `E_KEY_TYPE` when encrypted or of another kind; `E_FORMAT_MALFORMED`.
 *
 * Spec: openssh-portable PROTOCOL.key.
 */
export function parseOpensshKey(bytes: Uint8Array): KeyObject {
  const outer = new Reader(bytes)
  if (String.fromCharCode(...outer.take(MAGIC.length)) !== MAGIC) throw malformed(WHAT, "does not start as one")
  const [cipher, kdf] = [outer.text(), outer.text()]
  outer.string()
  if (cipher !== "none" || kdf !== "none") {
    throw keyType("private key cannot be used", `an OpenSSH key encrypted with ${cipher} and ${kdf}, expected none`, [
      "rewrite it as encrypted PKCS#8 with `ssh-keygen -p -m PKCS8 -f FILE`",
      'or remove its password with `ssh-keygen -p -N "" -f FILE`',
    ])
  }
  if (outer.uint32() !== 1) throw malformed(WHAT, "expected exactly one key")
  outer.string()
  const inner = new Reader(outer.string())
  if (outer.rest().length > 0) throw malformed(WHAT, "trailing bytes")
  if (inner.uint32() !== inner.uint32()) throw malformed(WHAT, "the check numbers differ")
  const jwk = readJwk(inner)
  inner.string()
  if (inner.rest().some((byte, i) => byte !== i + 1)) throw malformed(WHAT, "the padding is not 1, 2, 3 …")
  try {
    return createPrivateKey({ key: jwk, format: "jwk" })
  } catch (cause) {
    throw malformed(WHAT, "the key is inconsistent", cause)
  }
}
