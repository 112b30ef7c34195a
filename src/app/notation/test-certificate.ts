import { encodePem } from "../../codec/pem.ts"
import { ToolError } from "../../core/errors.ts"
import { generatePrivateKey } from "../../crypto/generate.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import type { AppContext } from "../requests.ts"
import { selfSign } from "./self-signed.ts"

/** A key and its self-signed certificate, for tests. */
export interface TestCertificate {
  /** PKCS#8. */
  readonly keyPem: string
  readonly certificatePem: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number
}

const DAY_MS = 24 * 60 * 60 * 1000
/** Sizes that may sign in Notary Project formats. */
const BITS = [2048, 3072, 4096]

/**
 * Make an RSA key and a certificate for it that signs code for one day, with the subject that notation's test
 * certificates have. It is no CA's.
 *
 * DEVIATION: the serial number has 127 random bits; notation takes one of 0 to 199, so that two are soon the same. Sizes
 * that could not sign afterwards are refused.
 *
 * @param request - `name` becomes the common name; `bits` of the modulus.
 * @throws {ToolError} `E_KEY_TYPE` for other sizes.
 */
export async function generateTestCertificate(
  app: Pick<AppContext, "clock" | "randomness">,
  request: { readonly name: string; readonly bits: number },
): Promise<TestCertificate> {
  if (!BITS.includes(request.bits)) {
    throw new ToolError("E_KEY_TYPE", {
      what: `rsa key size ${request.bits} bits is not supported`,
      why: `expected one of ${BITS.join(", ")}`,
      next: ["leave the size out for 2048 bits"],
    })
  }
  const key = await generatePrivateKey(`rsa-${request.bits}`)
  const { certificatePem, notAfter } = await selfSign(app, {
    key: localSigningKey(key),
    subject: [
      ["C", "US"],
      ["ST", "WA"],
      ["L", "Seattle"],
      ["O", "Notary"],
      ["CN", request.name],
    ],
    lifetime: DAY_MS,
  })
  const pkcs8 = new Uint8Array(key.export({ format: "der", type: "pkcs8" }))
  return {
    keyPem: encodePem("PRIVATE KEY", pkcs8),
    certificatePem,
    notAfter,
  }
}
