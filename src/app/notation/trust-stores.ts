import { goQuote } from "../../codec/go-quote.ts"
import type { TrustStore, TrustStoreName } from "../../core/certified.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { NotationHome, StoredCertificate } from "../../core/notation-home.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificateFile } from "../../crypto/x509/certificate-file.ts"
import { storeFault } from "../../trust/x509/store-rules.ts"
import type { TrustStoreLoader } from "../requests.ts"

/**
 * Loads trust stores from notation's configuration; every certificate must keep the rules of its store.
 *
 * @throws {ToolError} `E_TRUST_MISSING`, `E_TRUST_MALFORMED` in notation's words.
 *
 * Spec: notation-go `verifier/truststore/truststore.go`.
 */
export function notationStores(home: Pick<NotationHome, "readStore">): TrustStoreLoader {
  return async (store) => {
    const files = await home.readStore(store)
    const certificates = files.flatMap((file) => certificatesOf(file, file.bytes))
    if (certificates.length === 0) throw noCertificates(store)
    return { ...store, certificates: certificates.map(({ raw }) => raw) } satisfies TrustStore
  }
}

/** A file of a store with its content. */
export type StoreFile = Awaited<ReturnType<NotationHome["readStore"]>>[number]

/** Files of one store. @throws {ToolError} `E_TRUST_MISSING`, `E_TRUST_MALFORMED`, `E_LIMIT_EXCEEDED`, `E_IO`. */
export async function storeFiles(
  home: Pick<NotationHome, "readStore">,
  store: TrustStoreName,
): Promise<readonly StoreFile[]> {
  try {
    return await home.readStore(store)
  } catch (thrown) {
    const { code, what, why, details } = asToolError(thrown)
    if (code !== "E_TRUST_MISSING") throw thrown
    const next = [`add certificates with \`countersign trust add --store ${store.type}:${store.name} FILE\``]
    throw new ToolError(code, { what, next, details, cause: thrown, ...(why === undefined ? {} : { why }) })
  }
}

function noCertificates({ name, type }: TrustStoreName): ToolError {
  return new ToolError("E_TRUST_MISSING", {
    what: `no x509 certificates were found in trust store ${goQuote(name)} of type ${goQuote(type)}`,
    next: ["add certificates with `countersign trust add`"],
  })
}

/**
 * Certificates of one file of a store, checked.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED` in notation's words.
 */
export function certificatesOf(
  { type, name, file }: Pick<StoredCertificate, "type" | "name" | "file">,
  bytes: Uint8Array,
): readonly Certificate[] {
  const named = `trusted certificate ${file} in trust store ${name} of type ${type}`
  let certificates: readonly Certificate[]
  try {
    certificates = parseCertificateFile(bytes)
  } catch (thrown) {
    throw malformed(`failed to read the ${named}`, asToolError(thrown))
  }
  for (const certificate of certificates) {
    const fault = storeFault(certificate, type)
    if (fault === undefined) continue
    const { rule, message } = fault
    throw malformed(rule === "root" ? `${named} is invalid: ${message}` : `failed to validate the ${named}. ${message}`)
  }
  return certificates
}

function malformed(what: string, cause?: ToolError): ToolError {
  return new ToolError("E_TRUST_MALFORMED", {
    what,
    ...(cause === undefined ? {} : { why: cause.message, cause }),
    next: ["take the file out of the store, or put the right certificate in its place"],
  })
}
