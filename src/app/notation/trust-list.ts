import type { TrustStoreName, TrustStoreType } from "../../core/certified.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { NotationHome, StoredCertificate } from "../../core/notation-home.ts"
import { parseTrustStore } from "../../policy/notation/parse-policy.ts"
import { type CertificateDetails, certificateDetails } from "./trust-certificate.ts"
import { certificatesOf, type StoreFile, storeFiles } from "./trust-stores.ts"

/** A file of a trust store. */
export interface ListedTrust extends StoredCertificate {
  /** In the file's order; none where it cannot be used. */
  readonly certificates: readonly CertificateDetails[]
  /** Why the file, or the whole store, cannot be used: verification refuses the store. */
  readonly error?: ToolError
}

/**
 * Read `TYPE:NAME`.
 *
 * @throws {ToolError} `E_USAGE`.
 */
export function storeNamed(text: string): TrustStoreName {
  try {
    return parseTrustStore(text, "the command line")
  } catch (thrown) {
    const { what } = asToolError(thrown)
    throw new ToolError("E_USAGE", {
      what,
      why: `got ${JSON.stringify(text.slice(0, 200))}, expected ca:NAME, tsa:NAME or signingAuthority:NAME`,
      next: ["write it as `ca:acme`"],
    })
  }
}

/** Every file of every store, or of the stores of one type, by path. @throws {ToolError} `E_IO`. */
export async function listTrust(home: NotationHome, type?: TrustStoreType): Promise<readonly ListedTrust[]> {
  const files = await home.listCertificates(type)
  const stores = [...Map.groupBy(files, (file) => `${file.type}:${file.name}`).values()]
  const listed = await Promise.all(
    stores.map(async (own): Promise<readonly ListedTrust[]> => {
      const [first] = own
      if (first === undefined) return []
      try {
        return (await storeFiles(home, first)).map(listedFile)
      } catch (thrown) {
        const error = asToolError(thrown)
        return own.map((file) => ({ ...file, certificates: [], error }))
      }
    }),
  )
  return listed.flat()
}

/**
 * Files of one store, or the one of that name.
 *
 * @throws {ToolError} `E_TRUST_MISSING` when there is none, `E_TRUST_MALFORMED` for a store that is refused, `E_IO`.
 */
export async function showTrust(
  home: NotationHome,
  store: TrustStoreName,
  file?: string,
): Promise<readonly ListedTrust[]> {
  const files = await storeFiles(home, store)
  const wanted = file === undefined ? files : files.filter((one) => one.file === file)
  if (wanted.length === 0) throw noSuchFile(store, file ?? "", files)
  return wanted.map(listedFile)
}

/** The store has no file of that name. */
export function noSuchFile(
  { type, name }: TrustStoreName,
  file: string,
  files: readonly Pick<StoredCertificate, "file">[],
): ToolError {
  return new ToolError("E_TRUST_MISSING", {
    what: `the trust store ${type}:${name} has no file ${file}`,
    why: `it has ${files.map((one) => one.file).join(", ")}`,
    next: [`see what is there with \`countersign trust list ${type}:${name}\``],
  })
}

function listedFile({ bytes, ...file }: StoreFile): ListedTrust {
  try {
    const certificates = certificatesOf(file, bytes)
    if (certificates.length > 0) return { ...file, certificates: certificates.map(certificateDetails) }
    const error = new ToolError("E_TRUST_MALFORMED", { what: `${file.path} holds no certificate` })
    return { ...file, certificates: [], error }
  } catch (thrown) {
    return { ...file, certificates: [], error: asToolError(thrown) }
  }
}
