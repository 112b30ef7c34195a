/** Pieces for tests of timestamps: an authority with a root of its own, and `openssl ts` beside it. */
import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { encodePem } from "../../codec/pem.ts"
import type { SigningKey } from "../../core/ports.ts"
import { type KeyName, generatePrivateKey } from "../../crypto/generate.ts"
import { digestOf } from "../../crypto/hash.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { buildTimestampRequest } from "../../crypto/rfc3161/request.ts"
import { parseTimestampResponse } from "../../crypto/rfc3161/response.ts"
import { defaultScheme } from "../../crypto/schemes.ts"
import { buildCertificate, type ExtensionSpec } from "../../crypto/x509/build-certificate.ts"
import {
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
} from "../../crypto/x509/build-extensions.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { createTimestampHandler, type TimestampAuthorityOptions } from "./timestamp-handler.ts"

/** When the authority's clock stands, milliseconds since the epoch. */
export const STAMPED_AT: number = Date.UTC(2026, 10, 20, 12, 0, 0, 250)
const DAY = 86_400_000

/** A key and its certificate. */
export interface Holder {
  readonly key: SigningKey
  readonly der: Uint8Array
  readonly certificate: Certificate
  /** PKCS#8 PEM. */
  readonly privatePem: string
}

/** What is different about a certificate. */
export interface HolderOptions {
  readonly issuer?: Holder
  readonly keyName?: KeyName
  /** Take this holder's key instead of a new one. */
  readonly sameKeyAs?: Holder
  readonly extensions?: readonly ExtensionSpec[]
  readonly notBefore?: number
  readonly notAfter?: number
  readonly serial?: bigint
}

/** Extensions of a certificate authority. */
export const authorityExtensions: readonly ExtensionSpec[] = [
  basicConstraintsExtension(true),
  keyUsageExtension(["keyCertSign", "cRLSign"]),
]

/** Extensions of one who signs timestamps. */
export const stamperExtensions: readonly ExtensionSpec[] = [
  keyUsageExtension(["digitalSignature"]),
  extendedKeyUsageExtension([EKU.timeStamping], true),
]

/** Issue a certificate; self-signed without an issuer. */
export async function makeHolder(name: string, options: HolderOptions = {}): Promise<Holder> {
  const { issuer, sameKeyAs } = options
  const privateKey = sameKeyAs === undefined ? await generatePrivateKey(options.keyName ?? "ecdsa-p256") : undefined
  const key = privateKey === undefined ? (sameKeyAs as Holder).key : localSigningKey(privateKey)
  const signer = issuer?.key ?? key
  const subject = [["CN", name]] as const
  const der = await buildCertificate({
    subject,
    issuer: issuer?.certificate.subject.raw ?? subject,
    serial: options.serial ?? BigInt(`0x01${randomBytes(8).toString("hex")}`),
    notBefore: options.notBefore ?? STAMPED_AT - 30 * DAY,
    notAfter: options.notAfter ?? STAMPED_AT + 30 * DAY,
    publicKey: key.publicKey.spki,
    extensions: options.extensions ?? authorityExtensions,
    signWith: signer,
    scheme: defaultScheme(signer.publicKey),
  })
  const privatePem = privateKey?.export({ type: "pkcs8", format: "pem" }).toString() ?? sameKeyAs?.privatePem ?? ""
  return { key, der, certificate: parseCertificate(der), privatePem }
}

/** A root and a stamper below it. */
export interface TestAuthority {
  readonly root: Holder
  readonly stamper: Holder
}

/**
 * Make an authority.
 *
 * @param keyName - of the stamper.
 * @param at - certificates are valid 30 days before and after it, milliseconds since the epoch.
 */
export async function makeAuthority(keyName: KeyName = "ecdsa-p256", at: number = STAMPED_AT): Promise<TestAuthority> {
  const validity = { notBefore: at - 30 * DAY, notAfter: at + 30 * DAY }
  const root = await makeHolder("Test Timestamp Root", validity)
  const options = { ...validity, issuer: root, keyName, extensions: stamperExtensions }
  return { root, stamper: await makeHolder("Test Stamper", options) }
}

/** A handler's options without the key and chain, which stand still and are random. */
export function handlerOptions(
  { root, stamper }: TestAuthority,
  changes: Partial<TimestampAuthorityOptions> = {},
): TimestampAuthorityOptions {
  return {
    key: stamper.key,
    chain: [stamper.der, root.der],
    clock: { now: () => STAMPED_AT },
    randomness: { bytes: (count) => new Uint8Array(randomBytes(count)) },
    ...changes,
  }
}

/** Send a request's bytes to an authority. */
export async function post(options: TimestampAuthorityOptions, request: Uint8Array): Promise<Response> {
  const init = {
    method: "POST",
    body: new Uint8Array(request),
    headers: { "content-type": "application/timestamp-query" },
  }
  return createTimestampHandler(options)(new Request("http://authority.test/", init))
}

/** A token over `message`. */
export async function stampWith(
  options: TimestampAuthorityOptions,
  message: Uint8Array,
  hash: "sha256" | "sha384" | "sha512" = "sha256",
): Promise<Uint8Array> {
  const request = buildTimestampRequest({ hash, digest: digestOf(hash, message), nonce: 77n })
  const response = await post(options, request)
  const { token } = parseTimestampResponse(new Uint8Array(await response.arrayBuffer()))
  if (token === undefined) throw new Error("the authority gave no token")
  return token
}

/** Runs `openssl` in a folder of its own. */
export interface OpensslFolder {
  write(name: string, content: Uint8Array | string): string
  read(name: string): Uint8Array
  /** Standard output and error; throws with both when it fails. */
  run(...args: readonly string[]): string
  remove(): void
}

/** Open a folder for `openssl`. */
export function opensslFolder(): OpensslFolder {
  const folder = mkdtempSync(join(tmpdir(), "timestamp-"))
  return {
    write: (name, content) => {
      writeFileSync(join(folder, name), content)
      return name
    },
    read: (name) => new Uint8Array(readFileSync(join(folder, name))),
    run: (...args) => execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" }),
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** PEM of certificates. */
export function pemOf(...certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem("CERTIFICATE", der)).join("")
}

const TSA_CONFIG = `[ tsa ]
default_tsa = one
[ one ]
dir = .
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 0.4.0.2023.1.1
digests = sha256, sha384, sha512, sha1
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 0
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

/**
 * What `openssl ts -reply` makes of a request.
 *
 * @param settings - lines that replace those of the configuration.
 * @returns DER of the TimeStampResp.
 */
export function opensslReply(
  folder: OpensslFolder,
  { root, stamper }: TestAuthority,
  request: Uint8Array,
  settings: Readonly<Record<string, string>> = {},
): Uint8Array {
  let config = TSA_CONFIG
  for (const [name, value] of Object.entries(settings)) {
    config = config.replace(new RegExp(`^${name} = .*$`, "m"), `${name} = ${value}`)
  }
  folder.write("tsa.cnf", config)
  folder.write("serial", "01\n")
  folder.write("key.pem", stamper.privatePem)
  folder.write("stamper.pem", pemOf(stamper.der))
  folder.write("chain.pem", pemOf(root.der))
  folder.write("request.tsq", request)
  const files = ["-queryfile", "request.tsq", "-inkey", "key.pem", "-signer", "stamper.pem", "-chain", "chain.pem"]
  folder.run("ts", "-reply", "-config", "tsa.cnf", ...files, "-out", "reply.tsr")
  return folder.read("reply.tsr")
}
