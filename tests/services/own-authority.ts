/** A private certificate authority made by openssl, whose certificates name no issuer of identity tokens. */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Whom {@link makeOwnAuthority} certifies. */
export const OWNER = "own@example.com"

/**
 * Files in a folder: `ca.crt` and `other-ca.crt` (roots), `own.key` (PKCS#8), `own.pub`, `own.crt` (leaf), `own.pem` (leaf and
 * root), and leaves of the same key that are refused: `nameless.pem`, `server.pem`, `stranger.pem` (issued by neither root that
 * follows it), `ended.pem`; `another.pem` is another key's.
 */
export function makeOwnAuthority(folder: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] })
  }
  const read = (name: string): string => readFileSync(join(folder, name), "utf8")
  const key = (name: string): void => {
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", name)
  }
  for (const name of ["ca", "other-ca"]) {
    key(`${name}.key`)
    openssl(
      ...["req", "-x509", "-new", "-key", `${name}.key`, "-subj", `/CN=own authority ${name}`, "-days", "3"],
      ...["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", `${name}.crt`],
    )
  }
  key("own.key")
  key("another.key")
  openssl("pkey", "-in", "own.key", "-pubout", "-out", "own.pub")
  const leaf = (
    name: string,
    usage: string,
    { of = "own.key", time = ["-days", "2"], by = "ca", names = true } = {},
  ): void => {
    writeFileSync(
      join(folder, `${name}.ext`),
      `keyUsage=critical,digitalSignature\nextendedKeyUsage=${usage}\n${names ? `subjectAltName=email:${OWNER}\n` : ""}`,
    )
    openssl("req", "-new", "-key", of, "-subj", "/CN=owner", "-out", `${name}.csr`)
    const issuing = ["-CA", `${by}.crt`, "-CAkey", `${by}.key`, "-CAcreateserial", "-extfile", `${name}.ext`]
    openssl("x509", "-req", "-in", `${name}.csr`, ...issuing, ...time, "-out", `${name}.crt`)
    writeFileSync(join(folder, `${name}.pem`), read(`${name}.crt`) + read("ca.crt"))
  }
  leaf("own", "codeSigning")
  leaf("nameless", "codeSigning", { names: false })
  leaf("server", "serverAuth")
  leaf("stranger", "codeSigning", { by: "other-ca" })
  leaf("another", "codeSigning", { of: "another.key" })
  leaf("ended", "codeSigning", { time: ["-days", "-1"] })
}
