/**
 * Trust data for places without a network: any files in one document, under one signature.
 *
 * Spec: docs/formats/trust-pack.md.
 */
import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { encodeHex } from "../../codec/hex.ts"
import { parseJson } from "../../codec/json.ts"
import {
  expectArray,
  expectInteger,
  expectObject,
  expectOneOf,
  expectString,
  expectText,
  member,
  onlyMembers,
} from "../../codec/json-shape.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { parseRfc3339 } from "../../codec/rfc3339.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { JsonValue } from "../../core/json-value.ts"
import type { PublicKey, SignatureScheme } from "../../core/ports.ts"
import { digestOf } from "../../crypto/hash.ts"
import { defaultScheme } from "../../crypto/schemes.ts"
import { fingerprint, keyHint } from "../../crypto/public-key.ts"
import { verifySignature } from "../../crypto/verify.ts"
import { encodeEnvelope, parseEnvelope } from "../dsse/envelope.ts"
import { pae } from "../dsse/pae.ts"

/** What a pack is signed as. */
export const TRUST_PACK_TYPE = "application/vnd.countersign.trust-pack.v1+json"

const MIB = 1024 * 1024
/** Bounds of a pack. Bytes, unless said otherwise. */
export const packBounds: Readonly<Record<"document" | "content" | "files" | "path" | "depth", number>> = {
  document: 128 * MIB,
  /** Of all files together. */
  content: 48 * MIB,
  /** Files. */
  files: 1000,
  /** Characters. */
  path: 400,
  /** Parts of a path. */
  depth: 8,
}

/** One file. */
export interface PackedFile {
  /** Relative, parts divided by `/`; see {@link checkPackPath}. */
  readonly path: string
  readonly bytes: Uint8Array
}

/** What is packed. */
export interface TrustPack {
  /** Of the series of packs; versions are compared within it. */
  readonly name: string
  /** Rises from pack to pack. */
  readonly version: number
  /** Milliseconds since the epoch. */
  readonly created: number
  readonly files: readonly PackedFile[]
}

const API_VERSION = "countersign.dev/v1"
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const PART = /^[A-Za-z0-9_](?:[A-Za-z0-9 ._@+=,()-]{0,126}[A-Za-z0-9_@+=,()-])?$/
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i

/**
 * Refuse paths that could lead anywhere but below the folder unpacked into, or mean another file on another system.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 */
export function checkPackPath(path: string): void {
  const parts = path.split("/")
  const fine = parts.every((part) => PART.test(part) && !DEVICE.test(part))
  if (fine && parts.length <= packBounds.depth && path.length <= packBounds.path) return
  throw malformed("path of a packed file", `${quoted(path)} is not a relative path of plain names`)
}

/**
 * The text that is signed.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` for names, paths and doubles that unpacking would refuse; `E_LIMIT_EXCEEDED`.
 */
export function packPayload(pack: TrustPack): Uint8Array {
  checkPack(pack)
  const files = pack.files.map(({ path, bytes }) => ({
    path,
    size: bytes.length,
    sha256: encodeHex(digestOf("sha256", bytes)),
    content: encodeBase64(bytes),
  }))
  const { name, version, created } = pack
  const document = {
    apiVersion: API_VERSION,
    kind: "TrustPack",
    name,
    version,
    created: new Date(created).toISOString(),
    files,
  }
  return encodeUtf8(JSON.stringify(document), "trust pack")
}

/** What a signature of a pack covers. */
export function packMessage(payload: Uint8Array): Uint8Array {
  return pae(TRUST_PACK_TYPE, payload)
}

/** The scheme packs are signed by: that of the key, whoever holds it. */
export function packScheme(key: PublicKey): SignatureScheme {
  return defaultScheme(key)
}

/** A pack as it is written to a file. @param signature - over {@link packMessage}, raw. */
export function encodePack(payload: Uint8Array, key: PublicKey, signature: Uint8Array): Uint8Array {
  const signatures = [{ keyid: keyHint(key), sig: signature }]
  return encodeEnvelope("cosign2", { payloadType: TRUST_PACK_TYPE, payload, signatures })
}

/** A pack that was verified. */
export interface VerifiedPack extends TrustPack {
  /** The key that signed it. */
  readonly key: PublicKey
  /** Lower-case hexadecimal SHA-256 of what was signed. */
  readonly digest: string
}

/**
 * Verify and read a pack: the signature first, then everything that it says.
 *
 * @param bytes - untrusted.
 * @param keys - any of which may have signed.
 * @throws {ToolError} `E_SIG_INVALID` when none has; `E_TRUST_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function verifyPack(bytes: Uint8Array, keys: readonly PublicKey[]): VerifiedPack {
  const what = "trust pack"
  const envelope = asPack(() => parseEnvelope(bytes, { maxBytes: packBounds.document, what }))
  if (envelope.payloadType !== TRUST_PACK_TYPE) {
    throw asPackError(malformed(what, `its type is ${quoted(envelope.payloadType)}, expected ${TRUST_PACK_TYPE}`))
  }
  const message = packMessage(envelope.payload)
  const key = keys.find((one) =>
    envelope.signatures.some(({ sig }) => verifySignature(one, packScheme(one), message, sig)),
  )
  if (key === undefined) {
    throw new ToolError("E_SIG_INVALID", {
      what: "the trust pack is not signed by the key given",
      why: `none of its ${envelope.signatures.length} signatures holds for ${keys.map(fingerprint).join(" or ")}`,
      next: ["check that the key is that of whoever packed it", "do not use the pack otherwise"],
    })
  }
  return { ...asPack(() => parsePack(envelope.payload)), key, digest: encodeHex(digestOf("sha256", envelope.payload)) }
}

function parsePack(payload: Uint8Array): TrustPack {
  const document = expectObject(parseJson(payload, { maxBytes: packBounds.document, what: "trust pack" }), "trust pack")
  onlyMembers(document, "trust pack", ["apiVersion", "kind", "name", "version", "created", "files"])
  expectOneOf(member(document, "apiVersion"), "apiVersion", [API_VERSION])
  expectOneOf(member(document, "kind"), "kind", ["TrustPack"])
  const created = parseRfc3339(expectString(member(document, "created"), "created"))
  if (created === undefined) throw malformed("created", "it is no time of RFC 3339")
  const list = expectArray(member(document, "files"), "files", packBounds.files)
  const pack = {
    name: expectText(member(document, "name"), "name"),
    version: expectInteger(member(document, "version"), "version", 1),
    created: created.at,
    files: list.map((item, index) => parseFile(item, `files[${index}]`)),
  }
  checkPack(pack)
  return pack
}

function parseFile(item: JsonValue, path: string): PackedFile {
  const object = expectObject(item, path)
  onlyMembers(object, path, ["path", "size", "sha256", "content"])
  const content = expectString(member(object, "content"), `${path}.content`)
  const bytes = decodeBase64(content, { max: packBounds.content, what: `${path}.content` })
  const size = expectInteger(member(object, "size"), `${path}.size`)
  if (size !== bytes.length) throw malformed(`${path}.size`, `saw ${size}, the content has ${bytes.length} bytes`)
  const [sha256, seen] = [expectText(member(object, "sha256"), `${path}.sha256`), encodeHex(digestOf("sha256", bytes))]
  if (sha256 !== seen) throw malformed(`${path}.sha256`, `saw ${quoted(sha256, 64)}, the content has ${seen}`)
  return { path: expectText(member(object, "path"), `${path}.path`), bytes }
}

function checkPack({ name, version, files }: TrustPack): void {
  if (!NAME.test(name))
    throw malformed("name of a trust pack", `saw ${quoted(name)}, expected letters, digits, . _ and -`)
  if (!Number.isSafeInteger(version) || version < 1) throw malformed("version of a trust pack", `saw ${version}`)
  if (files.length === 0) throw malformed("trust pack", "it has no files")
  if (files.length > packBounds.files) throw tooMuch("files", files.length, packBounds.files)
  const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0)
  if (total > packBounds.content) throw tooMuch("bytes", total, packBounds.content)
  for (const { path } of files) checkPackPath(path)
  checkDistinct(files.map(({ path }) => path.toLowerCase()))
}

/** SECURITY: of two files of one name, or a file in the place of another's folder, one would hide the other. */
function checkDistinct(paths: readonly string[]): void {
  const files = new Set(paths)
  if (files.size !== paths.length) throw malformed("trust pack", "two files have the same path")
  for (const path of paths) {
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      if (files.has(path.slice(0, at)))
        throw malformed("trust pack", `${quoted(path.slice(0, at))} is a file and a folder`)
    }
  }
}

function tooMuch(unit: string, seen: number, max: number): ToolError {
  return new ToolError("E_LIMIT_EXCEEDED", {
    what: "the trust pack is too large",
    why: `${seen} ${unit}, at most ${max} are accepted`,
    next: ["divide it into several packs of different names"],
  })
}

function asPack<T>(parse: () => T): T {
  try {
    return parse()
  } catch (thrown) {
    throw asPackError(thrown)
  }
}

function asPackError(thrown: unknown): ToolError {
  const error = asToolError(thrown)
  if (error.code !== "E_FORMAT_MALFORMED") return error
  return new ToolError("E_TRUST_MALFORMED", {
    what: "the trust pack is not well-formed",
    why: error.message,
    cause: error,
  })
}
