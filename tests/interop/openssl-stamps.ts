/** A timestamp authority that is `openssl ts` behind a small server. */
import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { peer } from "./peers.ts"

export interface OpensslStamps {
  readonly url: string
  /** PEM. */
  readonly root: string
  stop(): Promise<void>
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
[stamper]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
signer_cert = stamper.crt
certs = chain.crt
signer_key = stamper.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256,sha384,sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

/** Make an authority with keys of its own and start it on a free port of loopback. */
export async function startOpensslStamps(): Promise<OpensslStamps> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-stamps-"))
  writeFileSync(join(folder, "openssl.cnf"), CONFIG)
  writeFileSync(join(folder, "serial"), "01\n")
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] })
  }
  const key = ["-newkey", "rsa:2048", "-nodes", "-config", "openssl.cnf"]
  const subject = (name: string): string => `/C=US/ST=WA/O=Test/CN=${name}`
  openssl(
    ...["req", "-x509", ...key, "-days", "2", "-subj", subject("Stamp Root"), "-extensions", "root"],
    ...["-keyout", "root.key", "-out", "root.crt"],
  )
  openssl("req", ...key, "-subj", subject("Stamper"), "-keyout", "stamper.key", "-out", "stamper.csr")
  openssl(
    ...["x509", "-req", "-in", "stamper.csr", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial", "-days", "2"],
    ...["-extfile", "openssl.cnf", "-extensions", "stamper", "-out", "stamper.crt"],
  )
  const root = readFileSync(join(folder, "root.crt"), "utf8")
  writeFileSync(join(folder, "chain.crt"), root)
  let queue: Promise<unknown> = Promise.resolve()
  let sequence = 0
  const answer = async (request: IncomingMessage): Promise<Buffer> => {
    const name = `${sequence++}`
    writeFileSync(join(folder, `${name}.tsq`), Buffer.concat((await request.toArray()) as Buffer[]))
    // The serial number's file is for one at a time.
    const reply = ["ts", "-reply", "-config", "openssl.cnf", "-queryfile", `${name}.tsq`, "-out", `${name}.tsr`]
    const done = queue.then(() => peer("openssl", reply, { cwd: folder }))
    queue = done
    await done
    return readFileSync(join(folder, `${name}.tsr`))
  }
  const server = createServer((request, response) => {
    answer(request).then(
      (bytes) => response.setHeader("content-type", "application/timestamp-reply").end(bytes),
      () => response.writeHead(500).end(),
    )
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, "close")
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, root, stop }
}
