import { X509Certificate } from "node:crypto"
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import type { SecureContext } from "node:tls"

import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"

/** What the user said about TLS; see registry.md 3.9. Paths name PEM files. */
export interface TlsOptions {
  readonly caFile?: string | undefined
  readonly clientCertFile?: string | undefined
  readonly clientKeyFile?: string | undefined
  /** Name checked against the certificate of servers the user named, and sent as SNI. */
  readonly serverName?: string | undefined
  /** Hosts (`host:port`) whose certificates are not checked. */
  readonly insecure?: boolean | ((hostPort: string) => boolean) | undefined
  /** For SSL_CERT_FILE, SSL_CERT_DIR and NODE_EXTRA_CA_CERTS. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Base folders of certs.d, the first that has a folder for the host counts. */
  readonly certsFolders?: readonly string[]
}

/** TLS settings of one connection. */
export interface TlsHost {
  readonly context: SecureContext
  readonly serverName: string | undefined
  readonly insecure: boolean
}

/** TLS settings by host, read on first use. */
export interface TlsSettings {
  /**
   * @param hostPort - `host` or `host:port` as in the registry's name.
   * @param named - whether the user named the host; client certificates and the server name are for those alone.
   * @throws {ToolError} `E_TLS_CLIENT` when a file named is unusable.
   */
  forHost(hostPort: string, named: boolean): Promise<TlsHost>
}

/** Where Linux distributions and BSDs keep the system's roots, in Go's order. */
const SYSTEM_FILES: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
]

/** Bytes of a bundle of roots; the largest in the field is below 1 MiB. */
const ROOTS_BYTES = 16 * 1024 * 1024

/** Folders of certs.d in the order of containers-certs.d(5). */
export function defaultCertsFolders(home: string): readonly string[] {
  return [join(home, ".config/containers/certs.d"), "/etc/containers/certs.d", "/etc/docker/certs.d"]
}

/**
 * TLS settings: the system's roots, those of SSL_CERT_FILE, SSL_CERT_DIR and NODE_EXTRA_CA_CERTS, `caFile`, and certs.d
 * of the host. Nothing is read before the first https connection; each file is read once.
 */
export function createTls(options: TlsOptions): TlsSettings {
  let roots: Promise<string> | undefined
  const hosts = new Map<string, Promise<TlsHost>>()
  return {
    forHost(hostPort, named) {
      const key = `${named ? "named" : "other"} ${hostPort}`
      roots ??= loadRoots(options)
      const found = hosts.get(key) ?? buildHost(options, roots, hostPort, named)
      hosts.set(key, found)
      return found
    },
  }
}

async function buildHost(
  options: TlsOptions,
  roots: Promise<string>,
  hostPort: string,
  named: boolean,
): Promise<TlsHost> {
  const folder = await readCertsFolder(options.certsFolders ?? [], hostPort)
  const pair = named ? await clientPair(options, folder) : undefined
  const { createSecureContext } = await import("node:tls")
  const ca = [await roots, ...(folder?.authorities ?? [])].join("\n")
  const insecure = typeof options.insecure === "function" ? options.insecure(hostPort) : options.insecure === true
  try {
    const context = createSecureContext({ ca, ...(pair === undefined ? {} : pair) })
    return { context, serverName: named ? options.serverName : undefined, insecure }
  } catch (cause) {
    throw unusable("the client certificate and its key", "they do not fit together or are not PEM", cause)
  }
}

interface Pair {
  readonly cert: string
  readonly key: string
}

async function clientPair(options: TlsOptions, folder: CertsFolder | undefined): Promise<Pair | undefined> {
  const { clientCertFile, clientKeyFile } = options
  if (clientCertFile === undefined && clientKeyFile === undefined) return folder?.pair
  if (clientCertFile === undefined || clientKeyFile === undefined) {
    const given = clientCertFile === undefined ? "only the key" : "only the certificate"
    throw unusable("the client certificate", `${given} was given, expected both`)
  }
  return {
    cert: await readPem(clientCertFile, limits.pemBytes),
    key: await readPem(clientKeyFile, limits.keyFileBytes),
  }
}

interface CertsFolder {
  readonly authorities: readonly string[]
  readonly pair: Pair | undefined
}

async function readCertsFolder(bases: readonly string[], hostPort: string): Promise<CertsFolder | undefined> {
  // SECURITY: the name becomes a path; only what a host and port can contain may enter.
  if (!/^[A-Za-z0-9._:[\]-]+$/.test(hostPort) || hostPort.startsWith(".")) return undefined
  for (const base of bases) {
    const folder = join(base, hostPort)
    const names = await readdir(folder).catch((thrown: unknown) => {
      if (isMissing(thrown)) return undefined
      throw unusable(folder, "the folder cannot be read", thrown)
    })
    if (names !== undefined) return readNames(folder, names.toSorted())
  }
  return undefined
}

async function readNames(folder: string, names: readonly string[]): Promise<CertsFolder> {
  const authorities: string[] = []
  let pair: Pair | undefined
  for (const name of names) {
    if (name.endsWith(".crt"))
      authorities.push(checkAuthorities(join(folder, name), await readPem(join(folder, name), ROOTS_BYTES)))
    if (name.endsWith(".cert")) {
      const key = name.replace(/\.cert$/, ".key")
      if (!names.includes(key)) throw unusable(join(folder, name), `its key ${key} is missing in the same folder`)
      pair ??= {
        cert: await readPem(join(folder, name), limits.pemBytes),
        key: await readPem(join(folder, key), limits.keyFileBytes),
      }
    }
    if (name.endsWith(".key") && !names.includes(name.replace(/\.key$/, ".cert"))) {
      throw unusable(join(folder, name), "its certificate (.cert) is missing; authorities are named .crt")
    }
  }
  return { authorities, pair }
}

async function loadRoots(options: TlsOptions): Promise<string> {
  const env = options.env ?? {}
  const parts = [await systemRoots(env["SSL_CERT_FILE"], env["SSL_CERT_DIR"])]
  if (env["NODE_EXTRA_CA_CERTS"]) parts.push(await readPem(env["NODE_EXTRA_CA_CERTS"], ROOTS_BYTES).catch(() => ""))
  if (options.caFile !== undefined) {
    parts.push(checkAuthorities(options.caFile, await readPem(options.caFile, ROOTS_BYTES)))
  }
  return parts.join("\n")
}

async function systemRoots(file: string | undefined, folder: string | undefined): Promise<string> {
  const parts: string[] = []
  for (const path of file ? [file] : SYSTEM_FILES) {
    const text = await readPem(path, ROOTS_BYTES).catch(() => undefined)
    if (text === undefined) continue
    parts.push(text)
    break
  }
  // Go's separator is the platform's list separator; folders that are missing are no error there.
  for (const path of folder ? folder.split(":") : []) {
    const names = await readdir(path).catch(() => [])
    for (const name of names.toSorted()) parts.push(await readPem(join(path, name), ROOTS_BYTES).catch(() => ""))
  }
  const text = parts.filter((part) => part.includes("-----BEGIN CERTIFICATE-----")).join("\n")
  if (text !== "" || file || folder) return text
  const { rootCertificates } = await import("node:tls")
  return rootCertificates.join("\n")
}

async function readPem(path: string, max: number): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > max) throw unusable(path, `it has ${size} bytes, allowed are ${max}`)
    return await readFile(path, "utf8")
  } catch (cause) {
    if (cause instanceof ToolError) throw cause
    throw unusable(path, isMissing(cause) ? "there is no such file" : "it cannot be read", cause)
  }
}

/** PEM blocks that the user named must all be certificates; OpenSSL would pass over broken ones in silence. */
function checkAuthorities(path: string, text: string): string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw unusable(path, "it contains no certificate in PEM form")
  try {
    blocks.forEach((block) => new X509Certificate(block))
  } catch (cause) {
    throw unusable(path, "one of its certificates is malformed", cause)
  }
  return text
}

function isMissing(thrown: unknown): boolean {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined
  return code === "ENOENT" || code === "ENOTDIR"
}

function unusable(what: string, why: string, cause?: unknown): ToolError {
  return new ToolError("E_TLS_CLIENT", { what: `${what} cannot be used for TLS`, why, cause })
}
