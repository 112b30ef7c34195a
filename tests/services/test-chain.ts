/** Certificate chains made by openssl, for tests that need a signer somebody else made. */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { firstPem } from "../../src/codec/pem.ts"
import { havePeers } from "../interop/peers.ts"

/** Kinds of signing keys, named as in the plugin protocol. */
export type ChainKind = "RSA-2048" | "RSA-3072" | "RSA-4096" | "EC-256" | "EC-384" | "EC-521"

/** Files and contents of one signer. */
export interface TestChain {
  readonly keyFile: string
  /** Leaf and root, PEM. */
  readonly chainFile: string
  readonly rootFile: string
  /** PKCS#8 PEM. */
  readonly keyPem: string
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[]
}

/** Whether {@link makeTestChain} can work; warns when it cannot. */
export function canMakeChains(): boolean {
  return havePeers("openssl")
}

/**
 * A key, its certificate and the root that issued it: `NAME.key`, `NAME.crt` (leaf and root), `NAME-root.crt`.
 *
 * @param folder - where the files are written.
 */
export function makeTestChain(folder: string, name: string, kind: ChainKind): TestChain {
  const at = (suffix: string): string => join(folder, `${name}${suffix}`)
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] })
  }
  writeFileSync(at(".cnf"), CONFIG)
  const subject = (cn: string): string => `/C=US/ST=WA/O=Test/CN=${cn}`
  const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
  openssl(
    ...["req", "-x509", ...algorithm, "-nodes", "-days", "2", "-subj", subject(`${name} root`)],
    ...["-config", at(".cnf"), "-extensions", "root", "-keyout", at("-root.key"), "-out", at("-root.crt")],
  )
  openssl("genpkey", ...keyArguments(kind), "-out", at(".key"))
  openssl("req", "-new", "-key", at(".key"), "-subj", subject(name), "-config", at(".cnf"), "-out", at(".csr"))
  openssl(
    ...["x509", "-req", "-in", at(".csr"), "-CA", at("-root.crt"), "-CAkey", at("-root.key"), "-CAcreateserial"],
    ...["-days", "1", "-extfile", at(".cnf"), "-extensions", "leaf", "-out", at("-leaf.crt")],
  )
  const pems = [readFileSync(at("-leaf.crt"), "utf8"), readFileSync(at("-root.crt"), "utf8")]
  writeFileSync(at(".crt"), pems.join(""))
  return {
    keyFile: at(".key"),
    chainFile: at(".crt"),
    rootFile: at("-root.crt"),
    keyPem: readFileSync(at(".key"), "utf8"),
    chain: pems.map((pem) => firstPem(pem)?.bytes ?? new Uint8Array(0)),
  }
}

function keyArguments(kind: ChainKind): string[] {
  const [type, size = ""] = kind.split("-")
  return type === "RSA"
    ? ["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${size}`]
    : ["-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:P-${size}`]
}

const CONFIG = `
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[leaf]
keyUsage = critical,digitalSignature
extendedKeyUsage = codeSigning
`
