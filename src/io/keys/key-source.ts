import type { PemBlock } from "../../codec/pem.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { KeySource, PublicKey, SigningKey } from "../../core/ports.ts"
import {
  parsePrivateKey,
  type PrivateKey,
  privateKeyBlock,
  privateKeyForm,
  unsupportedPem,
} from "../../crypto/private-key.ts"
import { looksLikePem, parsePublicKey, publicKeyOf } from "../../crypto/public-key.ts"
import type { HttpClient } from "../net/http-types.ts"
import { type KeyReference, parseKeyReference } from "./key-reference.ts"
import { type PasswordSource, type PasswordWorld, readPassword } from "./password.ts"

/** What {@link createKeySource} needs. */
export interface KeySourceOptions extends PasswordWorld {
  /** Opens the HTTP client on first use of a URL; absent = no network. */
  readonly http?: () => HttpClient | Promise<HttpClient>
  /** Where a private key's password may come from, in order. */
  readonly passwordSources: readonly PasswordSource[]
  /** Accept PKCS#8, SEC 1, PKCS#1 and OpenSSH private keys; otherwise cosign's encrypted format alone. */
  readonly plainPrivateKeys: boolean
}

/** The same failure, naming the key; a broken key file is the user's input, not a negative answer. */
function naming(thrown: unknown, name: string): ToolError {
  const error = asToolError(thrown)
  if (!["E_KEY_TYPE", "E_KEY_PASSWORD", "E_FORMAT_MALFORMED", "E_LIMIT_EXCEEDED"].includes(error.code)) return error
  const broken = error.code === "E_FORMAT_MALFORMED"
  return new ToolError(broken ? "E_KEY_TYPE" : error.code, {
    what: broken ? `key ${name} is not well-formed` : `${error.what} (${name})`,
    why: broken ? error.message : (error.why ?? error.what),
    next: broken ? [] : error.next,
    details: { ...error.details, key: name },
    kind: "usage",
    cause: error.cause,
  })
}

async function fromFile(path: string, options: KeySourceOptions): Promise<Uint8Array> {
  try {
    return await options.files.read(path, limits.keyFileBytes)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code !== "E_IO" && error.code !== "E_FILE_NOT_FOUND") throw naming(error, path)
    throw new ToolError("E_KEY_NOT_FOUND", {
      what: `key ${path} cannot be read`,
      why: error.why ?? error.what,
      details: { ...error.details, ...(error.why === undefined ? {} : { cosign: error.why }) },
      cause: error,
    })
  }
}

function fromVariable(variable: string, options: KeySourceOptions): Uint8Array {
  const value = Object.hasOwn(options.env, variable) ? options.env[variable] : undefined
  if (value !== undefined) return encodeUtf8(value, `variable ${variable}`)
  throw new ToolError("E_KEY_NOT_FOUND", {
    what: `the variable ${variable} is not set`,
    why: `the key reference env://${variable} names it`,
    next: [`export ${variable} with the PEM text of the key`],
    details: { cosign: `loading URL: env var $${variable} not found` },
  })
}

async function fromUrl(url: string, name: string, options: KeySourceOptions): Promise<Uint8Array> {
  if (options.http === undefined) {
    throw new ToolError("E_NET_OFFLINE", {
      what: `key ${name} would need the network`,
      why: "network access is switched off",
      next: ["download the key and name the file"],
    })
  }
  await refusePlainHttp(new URL(url), name)
  const http = await options.http()
  const response = await http.request({ method: "GET", url, redirect: "content" })
  // SECURITY: an error page must never be taken for a key.
  if (response.status !== 200) {
    await response.discard()
    throw new ToolError("E_KEY_NOT_FOUND", {
      what: `key ${name} could not be downloaded`,
      why: `the server answered ${response.status}, expected 200`,
      details: { status: response.status },
    })
  }
  return response.bytes(limits.keyFileBytes)
}

/**
 * SECURITY: whoever sits on the way could put in a key of their own, so this holds also where plain http to the registry
 * is allowed.
 */
async function refusePlainHttp(url: URL, name: string): Promise<void> {
  if (url.protocol === "https:") return
  const [{ classifyHost }, { bareHost }] = await Promise.all([
    import("../net/addresses.ts"),
    import("../net/origin.ts"),
  ])
  if (classifyHost(bareHost(url)) === "loopback") return
  throw new ToolError("E_NET_FORBIDDEN_TARGET", {
    what: `key ${name} is not fetched over plain http`,
    why: `keys come over https, or over http from this machine; ${url.host} is another one`,
    next: [`write it as \`https://${url.host}/…\``, "or download the key in a way you trust and name the file"],
    details: { host: url.host, key: name },
    kind: "usage",
  })
}

function load(reference: KeyReference, options: KeySourceOptions): Promise<Uint8Array> | Uint8Array {
  switch (reference.kind) {
    case "file":
      return fromFile(reference.path, options)
    case "env":
      return fromVariable(reference.variable, options)
    case "url":
      return fromUrl(reference.url, reference.name, options)
  }
}

/** Open a private key; the password is asked for only when the key needs one. */
async function openPrivate(block: PemBlock, pem: Uint8Array, options: KeySourceOptions): Promise<PrivateKey> {
  const form = privateKeyForm(block)
  if (form === "unsupported" || (form !== "cosign" && !options.plainPrivateKeys)) throw unsupportedPem(block.label)
  if (form === "plain") return parsePrivateKey(pem)
  const password = await readPassword(options.passwordSources, options)
  if (form !== "cosign") return parsePrivateKey(pem, password)
  const { decryptCosignKey } = await import("../../crypto/cosign-key-file.ts")
  return decryptCosignKey(block, password)
}

/** Standard input cannot hold both the key and its password. */
function withoutStdin(reference: KeyReference, options: KeySourceOptions): KeySourceOptions {
  if (reference.kind !== "file" || reference.path !== "-") return options
  return { ...options, passwordSources: options.passwordSources.filter(({ kind }) => kind !== "stdin") }
}

async function readSigningKey(text: string, options: KeySourceOptions): Promise<SigningKey> {
  const reference = parseKeyReference(text)
  if (reference.kind === "url") {
    throw new ToolError("E_KEY_TYPE", {
      what: "private keys are not read from URLs",
      why: `saw ${reference.name}, expected a file or env://NAME`,
      next: ["name the file that holds the private key"],
    })
  }
  const pem = await load(reference, options)
  try {
    const key = await openPrivate(privateKeyBlock(pem), pem, withoutStdin(reference, options))
    // Loaded on use: signing over digests brings big-number code that verifying by key does not need.
    const { localSigningKey } = await import("../../crypto/local-key.ts")
    return localSigningKey(key)
  } catch (thrown) {
    throw naming(thrown, reference.name)
  }
}

function isPrivate(bytes: Uint8Array): PemBlock | undefined {
  if (bytes.length === 0 || !looksLikePem(bytes)) return undefined
  const block = privateKeyBlock(bytes)
  return privateKeyForm(block) === "unsupported" ? undefined : block
}

/** Text of cosign for a file without PEM, as {@link privateKeyBlock} gives it. */
const NO_PEM = "invalid pem block"

function notAnyKey(name: string): ToolError {
  return new ToolError("E_KEY_TYPE", {
    what: `${name} is no key`,
    why: "no PEM block found, expected a public or private key",
    next: ["name a file that holds a key in PEM"],
    details: { key: name, cosign: NO_PEM },
  })
}

async function readPublicKey(text: string, privateToo: boolean, options: KeySourceOptions): Promise<PublicKey> {
  const reference = parseKeyReference(text)
  const bytes = await load(reference, options)
  try {
    const block = privateToo && reference.kind !== "url" ? isPrivate(bytes) : undefined
    if (block === undefined) return parsePublicKey(bytes)
    return publicKeyOf(await openPrivate(block, bytes, withoutStdin(reference, options)))
  } catch (thrown) {
    const noPem = privateToo && asToolError(thrown).details["cosign"] === NO_PEM
    throw noPem ? notAnyKey(reference.name) : naming(thrown, reference.name)
  }
}

/**
 * Keys by file, `env://NAME` and, for public keys, URL. A private key is opened once per reference.
 *
 * @throws {ToolError} from its methods: `E_KEY_NOT_FOUND`, `E_KEY_TYPE`, `E_KEY_PASSWORD`, `E_KEY_NO_TERMINAL`,
 * `E_LIMIT_EXCEEDED`, `E_NET_*`. Texts of cosign are in `details.cosign`.
 */
export function createKeySource(options: KeySourceOptions): KeySource {
  const opened = new Map<string, Promise<SigningKey>>()
  return {
    signingKey(reference) {
      const known = opened.get(reference)
      if (known !== undefined) return known
      const key = readSigningKey(reference, options)
      opened.set(reference, key)
      // A wrong password may be corrected by asking again.
      key.catch(() => opened.delete(reference))
      return key
    },
    publicKey: (reference, { privateToo = false } = {}) => readPublicKey(reference, privateToo, options),
  }
}
