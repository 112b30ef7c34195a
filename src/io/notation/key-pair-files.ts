import { X509Certificate } from "node:crypto"
import { unlink } from "node:fs/promises"
import { dirname } from "node:path"

import { encodePem, parsePem, type PemBlock } from "../../codec/pem.ts"
import { decodeUtf8, encodeUtf8 } from "../../codec/utf8.ts"
import type { CertifiedKey } from "../../core/certified.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { parsePrivateKey, type PrivateKey } from "../../crypto/private-key.ts"
import { atomicWrite } from "../system/atomic-write.ts"
import { inputError } from "../system/io-error.ts"
import type { HomeContext } from "./home-context.ts"
import { configPath, isFileName, makePrivateFolder, readBounded, removeFile } from "./home-files.ts"

/** Paths of a local key. */
export interface KeyPairPaths {
  readonly keyPath: string
  readonly certPath: string
}

const PRIVATE_LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]

/**
 * A local key and the certificates of its file in order, by the rules of Go's `tls.LoadX509KeyPair`: other blocks are
 * passed over, the first certificate must belong to the key. PKCS#8, PKCS#1 and SEC 1, not encrypted.
 *
 * @throws {ToolError} `E_KEY_NOT_FOUND` for files that cannot be read, `E_KEY_TYPE`; texts of Go.
 */
export async function readKeyPair(keyPath: string, certPath: string): Promise<CertifiedKey> {
  if (keyPath === "") throw unusable("key path not specified", "the entry has no key path", "")
  if (certPath === "") throw unusable("certificate path not specified", "the entry has no certificate path", keyPath)
  const files = { cert: await readPem(certPath), key: await readPem(keyPath) }
  const chain = certificateBlocks(files.cert, certPath)
  const block = keyBlock(files.key, keyPath)
  const certificates = chain.map((der) => readCertificate(der, certPath))
  const key = readKey(block, keyPath)
  const [leaf] = certificates
  if (leaf === undefined || leaf.publicKey.asymmetricKeyType !== key.asymmetricKeyType) {
    throw unusable("tls: private key type does not match public key type", `${certPath} is for another key`, keyPath)
  }
  if (!leaf.checkPrivateKey(key)) {
    throw unusable("tls: private key does not match public key", `${certPath} is for another key`, keyPath)
  }
  return { key: localSigningKey(key), chain }
}

/**
 * Write a local key and its certificate.
 *
 * @throws {ToolError} `E_FILE_EXISTS` naming the one that is there; neither is written then. `E_IO`, `E_USAGE`.
 */
export async function writeKeyPair(
  context: HomeContext,
  name: string,
  pair: { readonly keyPem: string; readonly certificatePem: string },
): Promise<KeyPairPaths> {
  const paths = pathsOf(context, name)
  await makePrivateFolder(dirname(paths.keyPath))
  await writeNew("key", paths.keyPath, pair.keyPem, 0o600)
  try {
    await writeNew("certificate", paths.certPath, pair.certificatePem, 0o644)
  } catch (thrown) {
    await unlink(paths.keyPath).catch(() => undefined)
    throw thrown
  }
  return paths
}

/** Remove a local key and its certificate, whichever are there. @throws {ToolError} `E_IO`, `E_USAGE`. */
export async function removeKeyPair(
  context: HomeContext,
  name: string,
): Promise<KeyPairPaths & { readonly keyRemoved: boolean; readonly certRemoved: boolean }> {
  const paths = pathsOf(context, name)
  const keyRemoved = await removeFile(paths.keyPath)
  return { ...paths, keyRemoved, certRemoved: await removeFile(paths.certPath) }
}

function pathsOf(context: HomeContext, name: string): KeyPairPaths {
  if (!isFileName(name)) {
    throw new ToolError("E_USAGE", {
      what: "name needs to follow [a-zA-Z0-9_.-]+ format",
      why: `saw ${JSON.stringify(name)}`,
      details: { name },
    })
  }
  return {
    keyPath: configPath(context, "localkeys", `${name}.key`),
    certPath: configPath(context, "localkeys", `${name}.crt`),
  }
}

async function writeNew(kind: string, path: string, text: string, mode: number): Promise<void> {
  try {
    await atomicWrite(path, [encodeUtf8(text)], { mode, exclusive: true, noFollow: true })
  } catch (thrown) {
    if (!(thrown instanceof ToolError) || thrown.code !== "E_FILE_EXISTS") throw thrown
    throw new ToolError("E_FILE_EXISTS", {
      what: `failed to write ${kind} file: open ${path}: file exists`,
      why: "a key is never overwritten",
      next: ["choose another name, or remove the file"],
      details: { path },
      cause: thrown,
    })
  }
}

async function readPem(path: string): Promise<readonly PemBlock[]> {
  let bytes: Uint8Array
  try {
    bytes = await readBounded(path, limits.keyFileBytes)
  } catch (thrown) {
    const { code, why, what, details } = inputError("open", path, thrown)
    if (code === "E_LIMIT_EXCEEDED") throw thrown
    throw new ToolError("E_KEY_NOT_FOUND", { what: why ?? what, why: `${path} cannot be read`, details, cause: thrown })
  }
  try {
    return parsePem(decodeUtf8(bytes, path), { what: path })
  } catch (thrown) {
    if (!(thrown instanceof ToolError) || thrown.code !== "E_FORMAT_MALFORMED") throw thrown
    throw unusable(`${path} is not well-formed`, thrown.message, path, thrown)
  }
}

function certificateBlocks(blocks: readonly PemBlock[], path: string): readonly Uint8Array[] {
  const chain = blocks.filter(({ label }) => label === "CERTIFICATE").map(({ bytes }) => bytes)
  if (chain.length > 0) return chain
  const labels = blocks.map(({ label }) => label)
  const refuse = (text: string): ToolError => unusable(`tls: failed to find ${text}`, `read ${path}`, path)
  if (labels.length === 0) throw refuse("any PEM data in certificate input")
  if (labels.length === 1 && labels[0]?.endsWith("PRIVATE KEY") === true) {
    throw refuse(
      "certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
    )
  }
  throw refuse(
    `"CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${labels.join(" ")}]`,
  )
}

function keyBlock(blocks: readonly PemBlock[], path: string): PemBlock {
  const block = blocks.find(({ label }) => label === "PRIVATE KEY" || label.endsWith(" PRIVATE KEY"))
  if (block !== undefined) return block
  const labels = blocks.map(({ label }) => label)
  const refuse = (text: string): ToolError => unusable(`tls: ${text}`, `read ${path}`, path)
  if (labels.length === 0) throw refuse("failed to find any PEM data in key input")
  if (labels.length === 1 && labels[0] === "CERTIFICATE") {
    throw refuse("found a certificate rather than a key in the PEM for the private key")
  }
  throw refuse(
    `failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${labels.join(" ")}]`,
  )
}

function readCertificate(der: Uint8Array, path: string): X509Certificate {
  try {
    const certificate = new X509Certificate(der)
    // OpenSSL reads PEM here, too, and passes over what follows a certificate.
    if (certificate.raw.length === der.length) return certificate
  } catch (thrown) {
    throw unusable("x509: malformed certificate", `${path} holds a block that is no certificate`, path, thrown)
  }
  throw unusable("x509: malformed certificate", `${path} holds a block with more than a certificate`, path)
}

function readKey(block: PemBlock, path: string): PrivateKey {
  const failed = "tls: failed to parse private key"
  if (!PRIVATE_LABELS.includes(block.label) || block.headers.has("Proc-Type")) {
    throw unusable(failed, `saw ${JSON.stringify(block.label)}; expected PKCS#8, PKCS#1 or SEC 1, not encrypted`, path)
  }
  try {
    return parsePrivateKey(encodeUtf8(encodePem(block.label, block.bytes)))
  } catch (thrown) {
    if (!(thrown instanceof ToolError)) throw thrown
    throw unusable(failed, thrown.message, path, thrown)
  }
}

function unusable(what: string, why: string, path: string, cause?: unknown): ToolError {
  return new ToolError("E_KEY_TYPE", {
    what,
    why,
    next: ["check the key and certificate files; the certificate of the key comes first, its root last"],
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  })
}
