import { encodePem } from "../../codec/pem.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { TrustStoreName } from "../../core/certified.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { NotationHome } from "../../core/notation-home.ts"
import type { Files } from "../../core/ports.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { type CertificateDetails, certificateDetails } from "./trust-certificate.ts"
import { certificatesOf, type StoreFile, storeFiles } from "./trust-stores.ts"

/** Certificates to trust, and the file name they would have. */
export interface TrustSource {
  readonly name: string
  readonly certificates: readonly Certificate[]
}

/** What would be written. */
export interface TrustPlan {
  readonly store: TrustStoreName
  readonly files: readonly {
    readonly file: string
    readonly certificates: readonly CertificateDetails[]
    /** PEM. */
    readonly bytes: Uint8Array
  }[]
  /** Certificates that the store has already. */
  readonly present: readonly { readonly file: string; readonly certificate: CertificateDetails }[]
}

/**
 * Certificates of a file, checked for a store.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED` for a file without certificates and for certificates that the store may not
 *   have; `E_FILE_NOT_FOUND`, `E_IO`, `E_LIMIT_EXCEEDED`.
 */
export async function sourceOfFile(
  files: Pick<Files, "read">,
  store: TrustStoreName,
  path: string,
): Promise<TrustSource> {
  return trustSource(store, path, await files.read(path, limits.pemBytes))
}

/** Like {@link sourceOfFile} for bytes at hand. */
export function trustSource(store: TrustStoreName, name: string, bytes: Uint8Array): TrustSource {
  const certificates = checked(store, name, bytes)
  if (certificates.length > 0) return { name, certificates }
  throw new ToolError("E_TRUST_MALFORMED", {
    what: `${name} holds no certificate`,
    next: ["name a file with certificates in PEM or DER"],
  })
}

function checked(store: TrustStoreName, name: string, bytes: Uint8Array): readonly Certificate[] {
  try {
    return certificatesOf({ ...store, file: name }, bytes)
  } catch (thrown) {
    const { code, what, why } = asToolError(thrown)
    throw new ToolError(code, {
      what,
      ...(why === undefined ? {} : { why }),
      next: ["add the root of the chain instead, or the authority that issued the certificate"],
      cause: thrown,
    })
  }
}

/**
 * Find out what of the sources the store does not have.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED` when the store is one that verification refuses.
 */
export async function planTrust(
  home: Pick<NotationHome, "readStore">,
  store: TrustStoreName,
  sources: readonly TrustSource[],
): Promise<TrustPlan> {
  const there = await presentFiles(home, store)
  const holders = new Map<string, string>()
  for (const file of there) {
    for (const { thumbprint } of certificatesOf(file, file.bytes)) holders.set(thumbprint, file.file)
  }
  const present: TrustPlan["present"][number][] = []
  const files: TrustPlan["files"][number][] = []
  const taken = new Set(there.map(({ file }) => file))
  for (const { name, certificates } of sources) {
    const fresh: Certificate[] = []
    const file = freeName(name, certificates, taken)
    for (const certificate of certificates) {
      const holder = holders.get(certificate.thumbprint)
      if (holder === undefined) fresh.push(certificate)
      else present.push({ file: holder, certificate: certificateDetails(certificate) })
      holders.set(certificate.thumbprint, holder ?? file)
    }
    if (fresh.length === 0) continue
    taken.add(file)
    // What is written is what was shown: text around the certificates is left behind.
    const pem = fresh.map(({ raw }) => encodePem("CERTIFICATE", raw)).join("")
    files.push({ file, certificates: fresh.map(certificateDetails), bytes: encodeUtf8(pem) })
  }
  return { store, files, present }
}

/** Write what was planned. @returns paths of the new files. @throws {ToolError} `E_FILE_EXISTS`, `E_TRUST_MALFORMED`, `E_IO`. */
export async function carryOutTrust(home: NotationHome, { store, files }: TrustPlan): Promise<readonly string[]> {
  const paths: string[] = []
  for (const { file, bytes } of files) paths.push(await home.addCertificate(store, file, bytes))
  return paths
}

async function presentFiles(
  home: Pick<NotationHome, "readStore">,
  store: TrustStoreName,
): Promise<readonly StoreFile[]> {
  try {
    return await storeFiles(home, store)
  } catch (thrown) {
    if (asToolError(thrown).code === "E_TRUST_MISSING") return []
    throw thrown
  }
}

/** The file's own name where it is a plain one and free; otherwise with the thumbprint of its first certificate. */
function freeName(name: string, certificates: readonly Certificate[], taken: ReadonlySet<string>): string {
  const short = (certificates[0]?.thumbprint ?? "").slice(0, 16)
  const base = /[^/\\]*$/.exec(name)?.[0] ?? ""
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(base)) return `sha256-${short}.pem`
  const file = /\.(?:pem|crt|cer|cert)$/.test(base) ? base : `${base}.pem`
  return taken.has(file) ? `${file.replace(/\.[^.]*$/, "")}-${short}.pem` : file
}
