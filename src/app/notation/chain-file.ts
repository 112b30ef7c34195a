import { asToolError, ToolError } from "../../core/errors.ts"
import type { CertifiedKey } from "../../core/certified.ts"
import { limits } from "../../core/limits.ts"
import type { Files, SigningKey } from "../../core/ports.ts"
import { fingerprint } from "../../crypto/public-key.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificateFile } from "../../crypto/x509/certificate-file.ts"

const CHAIN = "name a file with the certificate chain in PEM: leaf first, root last"

/**
 * Certificates of a file, in order.
 *
 * @throws {ToolError} `E_KEY_TYPE` for a file that holds none or is malformed; `E_FILE_NOT_FOUND`, `E_IO`.
 */
export async function readChain(files: Pick<Files, "read">, path: string): Promise<readonly Certificate[]> {
  const bytes = await files.read(path, limits.pemBytes)
  try {
    const certificates = parseCertificateFile(bytes)
    if (certificates.length > 0) return certificates
  } catch (thrown) {
    const error = asToolError(thrown)
    throw new ToolError("E_KEY_TYPE", {
      what: `${path} holds no well-formed certificates`,
      why: error.why ?? error.message,
      next: [CHAIN],
      cause: error,
    })
  }
  throw new ToolError("E_KEY_TYPE", {
    what: `${path} holds no certificate`,
    next: [CHAIN],
  })
}

/**
 * A key with the chain that vouches for it.
 *
 * @param path - certificates, leaf first, root last.
 * @throws {ToolError} `E_KEY_TYPE` when the first certificate is another key's; as {@link readChain}.
 */
export async function certifiedKey(files: Pick<Files, "read">, key: SigningKey, path: string): Promise<CertifiedKey> {
  const chain = await readChain(files, path)
  const [leaf] = chain
  const certified = leaf?.publicKey === undefined ? undefined : fingerprint(leaf.publicKey)
  const own = fingerprint(key.publicKey)
  if (certified !== own) {
    throw new ToolError("E_KEY_TYPE", {
      what: `the first certificate of ${path} is not the key's`,
      why: `it certifies ${certified ?? leaf?.keyDescription ?? "no key"}, the key is ${own}`,
      next: ["put the key's own certificate first, then those of its issuers, the root last"],
    })
  }
  return { key, chain: chain.map(({ raw }) => raw) }
}
