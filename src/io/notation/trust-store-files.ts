import { type Dirent } from "node:fs"
import { lstat, readdir, rm, rmdir } from "node:fs/promises"
import { basename, join } from "node:path"

import { compareUtf8 } from "../../codec/utf8.ts"
import { goQuote } from "../../codec/go-quote.ts"
import type { TrustStoreName, TrustStoreType } from "../../core/certified.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { CertificateRemoval, StoredCertificate } from "../../core/notation-home.ts"
import { atomicWrite } from "../system/atomic-write.ts"
import { errnoOf, ioError, systemReason } from "../system/io-error.ts"
import type { HomeContext } from "./home-context.ts"
import { configPath, isFileName, makePrivateFolder, readRegular, removeFile } from "./home-files.ts"

const TYPES: readonly TrustStoreType[] = ["ca", "signingAuthority", "tsa"]
/** Files of one store; a bound on what one verification reads. */
const MAX_FILES = 1000

/** Files of trust stores, by path; links and folders are passed over. @throws {ToolError} `E_IO`. */
export async function listCertificates(
  context: HomeContext,
  type?: TrustStoreType,
  name?: string,
): Promise<readonly StoredCertificate[]> {
  if (name !== undefined) checkStoreName(name)
  const found: StoredCertificate[] = []
  for (const kind of type === undefined ? TYPES : [type]) {
    const folders = await entriesOf(configPath(context, "truststore", "x509", kind))
    const names = folders.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
    for (const store of name === undefined ? names : names.filter((each) => each === name)) {
      const folder = configPath(context, "truststore", "x509", kind, store)
      const files = (await entriesOf(folder)).filter((entry) => entry.isFile())
      found.push(
        ...files.map((entry) => ({ type: kind, name: store, file: entry.name, path: join(folder, entry.name) })),
      )
    }
  }
  return found.toSorted((a, b) => compareUtf8(a.path, b.path))
}

/**
 * Files of one store, as they lie there.
 *
 * @throws {ToolError} `E_TRUST_MISSING` without the store or a file in it, `E_TRUST_MALFORMED` for links and folders,
 *   `E_LIMIT_EXCEEDED`, `E_IO`; texts of notation.
 *
 * Spec: notation-go `verifier/truststore/truststore.go`.
 */
export async function readStore(
  context: HomeContext,
  store: TrustStoreName,
): Promise<readonly (StoredCertificate & { readonly bytes: Uint8Array })[]> {
  const { type, name } = store
  const path = storePath(context, store)
  const named = `${goQuote(name)} of type ${goQuote(type)}`
  const facts = await lstatOf(path)
  if (facts === undefined) throw missing(`the trust store ${named} does not exist`, path)
  if (!facts.isDirectory()) {
    const what = `the trust store ${name} of type ${type} with path ${path} is not a regular directory (symlinks are not supported)`
    throw malformedStore(what, path, "expected a folder")
  }
  const entries = (await entriesOf(path)).toSorted((a, b) => compareUtf8(a.name, b.name))
  if (entries.length > MAX_FILES) {
    throw new ToolError("E_LIMIT_EXCEEDED", {
      what: `the trust store ${named} is too large`,
      why: `it has ${entries.length} files, at most ${MAX_FILES} are accepted`,
      details: { path },
    })
  }
  const files: (StoredCertificate & { readonly bytes: Uint8Array })[] = []
  for (const { name: file } of entries) {
    const at = join(path, file)
    const what = `trusted certificate ${file} in trust store ${name} of type ${type} is not a regular file (directories or symlinks are not supported)`
    const bytes = await readRegular(at, limits.pemBytes, () => malformedStore(what, at, "expected a regular file"))
    if (bytes !== undefined) files.push({ type, name, file, path: at, bytes })
  }
  if (files.length === 0) throw missing(`no x509 certificates were found in trust store ${named}`, path)
  return files
}

/**
 * Add a file to a store, which is made where it is missing.
 *
 * @param file - its base name is taken.
 * @returns the path of the new file.
 * @throws {ToolError} `E_FILE_EXISTS`, `E_TRUST_MALFORMED` for names and stores that are refused, `E_IO`.
 */
export async function addCertificate(
  context: HomeContext,
  store: TrustStoreName,
  file: string,
  bytes: Uint8Array,
): Promise<string> {
  if (!TYPES.includes(store.type))
    throw malformedStore(`unsupported store type: ${store.type}`, store.type, `expected ${TYPES.join(", ")}`)
  if (!isFileName(store.name)) {
    const what = "named store name needs to follow [a-zA-Z0-9_.-]+ format"
    throw malformedStore(what, store.name, `saw ${goQuote(store.name)}`)
  }
  const folder = storePath(context, store)
  const path = filePath(folder, basename(file))
  await makePrivateFolder(folder)
  if ((await lstatOf(folder))?.isDirectory() !== true) {
    const what = `the trust store ${store.name} of type ${store.type} with path ${folder} is not a regular directory (symlinks are not supported)`
    throw malformedStore(what, folder, "expected a folder")
  }
  try {
    await atomicWrite(path, [bytes], { mode: 0o600, exclusive: true, noFollow: true })
  } catch (thrown) {
    if (!(thrown instanceof ToolError) || thrown.code !== "E_FILE_EXISTS") throw thrown
    throw new ToolError("E_FILE_EXISTS", {
      what: "certificate already exists in the Trust Store",
      why: `${path} exists already`,
      next: ["remove it first, or give the file another name"],
      details: { path },
      cause: thrown,
    })
  }
  return path
}

/** Remove one file; see `NotationHome.removeCertificate`. @throws {ToolError} `E_TRUST_MALFORMED`, `E_IO`. */
export async function removeCertificate(
  context: HomeContext,
  store: TrustStoreName,
  file: string,
  { removeEmpty, onWarning }: CertificateRemoval,
): Promise<boolean> {
  const folder = storePath(context, store)
  const path = filePath(folder, file)
  if (!(await removeFile(path))) return false
  if (removeEmpty) await removeIfEmpty(folder, onWarning)
  return true
}

/** The certificate is gone already, so a folder that stays is no failure. */
async function removeIfEmpty(folder: string, onWarning: (message: string) => void = () => undefined): Promise<void> {
  const reason = (verb: string, thrown: unknown): string => `${verb} ${folder}: ${systemReason(errnoOf(thrown))}`
  try {
    if ((await readdir(folder)).length > 0) return
  } catch (thrown) {
    onWarning(`failed to check if the trust store directory ${folder} is empty: ${reason("open", thrown)}`)
    return
  }
  await rmdir(folder).catch((thrown: unknown) => {
    if (["ENOTEMPTY", "EEXIST", "ENOENT"].includes(errnoOf(thrown) ?? "")) return
    onWarning(`failed to remove the empty trust store directory ${folder}: ${reason("remove", thrown)}`)
  })
}

/** Remove a whole store. @returns its path; `undefined` when it was not there. @throws {ToolError} `E_IO`. */
export async function removeStore(context: HomeContext, store: TrustStoreName): Promise<string | undefined> {
  const path = storePath(context, store)
  if ((await lstatOf(path)) === undefined) return undefined
  try {
    // A link is removed, what it names is not.
    await rm(path, { recursive: true })
  } catch (thrown) {
    throw ioError("remove", path, thrown)
  }
  return path
}

function storePath(context: HomeContext, store: TrustStoreName): string {
  if (!TYPES.includes(store.type)) {
    throw malformedStore(`unsupported trust store type: ${store.type}`, store.type, `expected ${TYPES.join(", ")}`)
  }
  checkStoreName(store.name)
  return configPath(context, "truststore", "x509", store.type, store.name)
}

function checkStoreName(name: string): void {
  if (isFileName(name)) return
  const what = `trust store name needs to follow [a-zA-Z0-9_.-]+ format, ${name} is invalid`
  throw malformedStore(what, name, `saw ${goQuote(name)}`)
}

/** SECURITY: a name with a separator leads out of the store. */
function filePath(folder: string, file: string): string {
  if (file === "" || file === "." || file === ".." || /[/\\\0]/.test(file)) {
    throw malformedStore(`${goQuote(file)} is not a file name`, folder, "expected the name of a file in the store")
  }
  return join(folder, file)
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return []
    throw ioError("open", path, thrown)
  }
}

async function lstatOf(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path)
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return undefined
    throw ioError("lstat", path, thrown)
  }
}

function missing(what: string, path: string): ToolError {
  return new ToolError("E_TRUST_MISSING", {
    what,
    why: `looked in ${path}`,
    next: ["add a certificate with `notation cert add --type TYPE --store NAME FILE`"],
    details: { path },
  })
}

function malformedStore(what: string, path: string, why: string): ToolError {
  return new ToolError("E_TRUST_MALFORMED", { what, why, details: { path } })
}
