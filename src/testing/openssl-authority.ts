/** A certificate authority run by `openssl`, for tests. Not for production code. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Whether `openssl` is there. */
export const opensslThere: boolean = ((): boolean => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" })
    return true
  } catch {
    console.warn("openssl is not installed: tests against it are skipped")
    return false
  }
})()

/** How a list or response is made. */
export interface ListOptions {
  /** Section of extra CRL extensions, lines of openssl's configuration. */
  readonly extensions?: string
  readonly number?: number
  readonly days?: number
  readonly digest?: string
}

/** A root with leaves, in a folder that {@link TestPki.remove} removes. */
export interface TestPki {
  readonly folder: string
  readonly root: Uint8Array
  /** Issue a certificate; its DER. `extensions` are lines of openssl's configuration. */
  issue(name: string, extensions?: string): Uint8Array
  revoke(name: string, reason?: string): void
  list(options?: ListOptions): Uint8Array
  /** What `openssl ocsp` answers to a request; signed by the root, or by a certificate issued before. */
  respond(request: Uint8Array, options?: { readonly signer?: string; readonly extra?: readonly string[] }): Uint8Array
  run(...args: readonly string[]): string
  read(file: string): Uint8Array
  write(file: string, bytes: Uint8Array | string): string
  remove(): void
}

const CONFIG = `[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
certificate = root.pem
private_key = root.key
unique_subject = no
[any]
countryName = optional
stateOrProvinceName = optional
organizationName = optional
commonName = supplied
[req]
distinguished_name = dn
[dn]
`

const ROOT_EXTENSIONS = `basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`

/** Make a root with an ECDSA key on P-256, or another one that `openssl genpkey` makes. */
export function openTestPki(algorithm: readonly string[] = ["EC", "ec_paramgen_curve:P-256"]): TestPki {
  const folder = mkdtempSync(join(tmpdir(), "countersign-pki-"))
  const run = (...args: readonly string[]): string =>
    execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  const write = (file: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(folder, file), bytes)
    return file
  }
  const read = (file: string): Uint8Array => new Uint8Array(readFileSync(join(folder, file)))
  const [kind = "EC", ...options] = algorithm
  const key = (file: string): void => {
    run("genpkey", "-algorithm", kind, ...options.flatMap((option) => ["-pkeyopt", option]), "-out", file)
  }
  const certified = (name: string, extensions: string, selfSigned: boolean): Uint8Array => {
    key(`${name}.key`)
    write(`${name}.ext`, `[e]\n${extensions}`)
    run(
      "req",
      "-new",
      "-config",
      "ca.cnf",
      "-key",
      `${name}.key`,
      "-subj",
      `/C=US/O=Test/CN=${name}`,
      "-out",
      `${name}.csr`,
    )
    const from = ["-batch", "-notext", "-in", `${name}.csr`, "-out", `${name}.pem`, "-extfile", `${name}.ext`]
    run(
      "ca",
      "-config",
      "ca.cnf",
      ...from,
      "-extensions",
      "e",
      ...(selfSigned ? ["-selfsign", "-keyfile", `${name}.key`] : []),
    )
    run("x509", "-in", `${name}.pem`, "-outform", "der", "-out", `${name}.der`)
    return read(`${name}.der`)
  }
  write("index.txt", "")
  write("serial", "1001\n")
  write("crlnumber", "01\n")
  write("ca.cnf", CONFIG)
  const root = certified("root", ROOT_EXTENSIONS, true)
  return {
    folder,
    root,
    issue: (name, extensions = "keyUsage = critical, digitalSignature\n") => certified(name, extensions, false),
    revoke: (name, reason) => {
      run("ca", "-config", "ca.cnf", "-revoke", `${name}.pem`, ...(reason === undefined ? [] : ["-crl_reason", reason]))
    },
    list(list = {}) {
      write("list.cnf", `${CONFIG.replace("[any]", `crl_extensions = x\n[any]`)}\n[x]\n${list.extensions ?? ""}\n`)
      if (list.number !== undefined) write("crlnumber", `${list.number.toString(16).padStart(4, "0")}\n`)
      const days = list.days === undefined ? [] : ["-crldays", String(list.days)]
      const digest = list.digest === undefined ? [] : ["-md", list.digest]
      run("ca", "-config", "list.cnf", "-gencrl", ...days, ...digest, "-out", "list.pem")
      run("crl", "-in", "list.pem", "-outform", "der", "-out", "list.der")
      return read("list.der")
    },
    respond(request, { signer = "root", extra = ["-ndays", "1"] } = {}) {
      write("request.der", request)
      const signing = ["-rsigner", `${signer}.pem`, "-rkey", `${signer}.key`]
      run(
        "ocsp",
        "-index",
        "index.txt",
        "-CA",
        "root.pem",
        ...signing,
        "-reqin",
        "request.der",
        "-respout",
        "response.der",
        ...extra,
      )
      return read("response.der")
    },
    run,
    read,
    write,
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
