import { parseDistinguishedName } from "../../codec/distinguished-name.ts"
import { encodePem } from "../../codec/pem.ts"
import { ToolError } from "../../core/errors.ts"
import type { SigningKey } from "../../core/ports.ts"
import { keySpecOf } from "../../crypto/key-spec.ts"
import { defaultScheme } from "../../crypto/schemes.ts"
import { buildCertificate, type NameParts } from "../../crypto/x509/build-certificate.ts"
import { extendedKeyUsageExtension, keyUsageExtension } from "../../crypto/x509/build-extensions.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import type { AppContext } from "../requests.ts"

/** What a certificate that nobody else vouches for says. */
export interface SelfSignedRequest {
  readonly key: SigningKey
  /** In the order they are encoded. */
  readonly subject: NameParts
  /** Milliseconds it is valid from now on. */
  readonly lifetime: number
}

export interface SelfSigned {
  /** One `CERTIFICATE` block. */
  readonly certificatePem: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number
}

const SERIAL_BYTES = 16

/**
 * Make a certificate for a key, signed by the key itself, that may sign code and nothing else. It is no CA's.
 *
 * The serial number has 127 random bits.
 *
 * @throws {ToolError} `E_KEY_TYPE` for keys the Notary Project does not use.
 */
export async function selfSign(
  app: Pick<AppContext, "clock" | "randomness">,
  { key, subject, lifetime }: SelfSignedRequest,
): Promise<SelfSigned> {
  if (keySpecOf(key.publicKey) === undefined) {
    throw new ToolError("E_KEY_TYPE", {
      what: `a ${key.publicKey.type} key of ${key.publicKey.bits} bits cannot sign in Notary Project formats`,
      why: "expected RSA of 2048, 3072 or 4096 bits, or ECDSA on P-256, P-384 or P-521",
      next: ["make one with `countersign keys generate --type ecdsa-p256`"],
    })
  }
  const notBefore = Math.floor(app.clock.now() / 1000) * 1000
  const notAfter = notBefore + lifetime
  const certificate = await buildCertificate({
    subject,
    issuer: subject,
    serial: randomSerial(app.randomness.bytes(SERIAL_BYTES)),
    notBefore,
    notAfter,
    publicKey: key.publicKey.spki,
    extensions: [keyUsageExtension(["digitalSignature"]), extendedKeyUsageExtension([EKU.codeSigning])],
    signWith: key,
    scheme: defaultScheme(key.publicKey),
  })
  return { certificatePem: encodePem("CERTIFICATE", certificate), notAfter }
}

/**
 * A subject as a command line writes it: `C=US, ST=WA, O=acme, CN=release`.
 *
 * @throws {ToolError} `E_USAGE`.
 */
export function parseSubject(text: string): NameParts {
  const parsed = parseDistinguishedName(text)
  const wrong =
    "fault" in parsed
      ? parsed.fault
      : parsed.names.length === 0
        ? "it is empty"
        : parsed.names.some((name) => name.length !== 1)
          ? "it joins attributes with +"
          : undefined
  if (wrong !== undefined || "fault" in parsed) {
    throw new ToolError("E_USAGE", {
      what: `not a subject: ${JSON.stringify(text.slice(0, 200))}`,
      why: wrong ?? "",
      next: ['write it as `--subject "C=US, ST=WA, O=acme, CN=release"`'],
    })
  }
  return parsed.names.flatMap((name) => name.map(({ type, value }): NameParts[number] => [type, value]))
}

/** Positive: the highest bit is cleared, and zero is not drawn. */
function randomSerial(bytes: Uint8Array): bigint {
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) & ((1n << 127n) - 1n)
  return value === 0n ? 1n : value
}
