import { encodeHex } from "../../codec/hex.ts"
import { parseJson } from "../../codec/json.ts"
import { expectArray, expectInteger, expectObject, expectText, member } from "../../codec/json-shape.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import { MIB } from "../../core/limits.ts"
import type { PublicKey } from "../../core/ports.ts"
import { digestOf } from "../../crypto/hash.ts"
import { fingerprint } from "../../crypto/public-key.ts"
import { checkPackPath, packBounds, type VerifiedPack, verifyPack } from "../../envelopes/trust-pack/trust-pack.ts"
import type { AppContext } from "../requests.ts"

/** What is unpacked, and where. */
export interface UnpackRequest {
  readonly file: string
  readonly keys: readonly PublicKey[]
  /** Folder; made when it is not there. */
  readonly into: string
  /** Folder that remembers which packs were seen; outside of `into`, so that putting an old copy of that back changes nothing. */
  readonly state: string
}

/** What was unpacked. */
export interface Unpacked {
  readonly name: string
  readonly version: number
  /** Milliseconds since the epoch. */
  readonly created: number
  /** Fingerprint of the key that signed. */
  readonly signer: string
  readonly files: readonly { readonly path: string; readonly size: number }[]
  /** Files that lie in the folder, came with earlier packs of the series, and are not in this one. */
  readonly left: readonly string[]
}

const STATE_BYTES = 2 * MIB
/** Times the files are written while others unpack, too. */
const MOST_ROUNDS = 5
/** Paths that are remembered of a series; the latest. */
const MOST_PATHS = 4 * packBounds.files

/**
 * Verify a pack, then write its files; files of those names are replaced. Nothing is written before everything was
 * verified.
 *
 * @throws {ToolError} `E_SIG_INVALID`, `E_TRUST_MALFORMED`, `E_LIMIT_EXCEEDED`; `E_TRUST_ROLLBACK` for a pack that is older
 *   than one of its series that was unpacked before, or has the version of another; `E_IO`, also where a folder below
 *   `into` is a link.
 */
export async function unpackTrust(app: AppContext, request: UnpackRequest): Promise<Unpacked> {
  const pack = verifyPack(await app.files.read(request.file, packBounds.document), request.keys)
  const into = request.into.replace(/(?<=[^/])\/+$/, "") || "."
  const earlier = await unpackFiles(app, into, request.state, pack)
  const { name, version, created, files, key } = pack
  return {
    ...{ name, version, created, signer: fingerprint(key) },
    files: files.map(({ path, bytes }) => ({ path, size: bytes.length })),
    left: await leftIn(app, into, pack, earlier),
  }
}

/**
 * Write the files, and again where somebody else unpacked an older pack meanwhile. Where it was a newer one, this one fails:
 * the newer one must then be unpacked again, for a file of this one may have come last.
 *
 * @returns paths of the files of the series so far.
 */
async function unpackFiles(
  app: AppContext,
  into: string,
  state: string,
  pack: VerifiedPack,
): Promise<readonly string[]> {
  const options = { noFollow: true, makeFolders: true, within: into, mode: 0o644 }
  const isLatest = async (): Promise<boolean> => {
    const seen = await readSeen(app, statePath(state, pack))
    return seen?.version === pack.version && seen.digest === pack.digest
  }
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const earlier = await requireNotOlder(app, state, pack)
    for (const { path, bytes } of pack.files) {
      if (await isLatest()) await app.files.writeStream(`${into}/${path}`, once(bytes), options)
    }
    if (await isLatest()) return earlier
  }
  throw rollback(pack, "others unpacked packs of the series at the same time")
}

/** What is trusted no longer must not stay unnoticed: a store trusts every certificate that lies in it. */
async function leftIn(
  app: AppContext,
  into: string,
  { files }: VerifiedPack,
  earlier: readonly string[],
): Promise<readonly string[]> {
  const now = new Set(files.map(({ path }) => path.toLowerCase()))
  const gone = earlier.filter((path) => !now.has(path.toLowerCase()))
  const there = await Promise.all(gone.map((path) => app.files.exists(`${into}/${path}`)))
  return gone.filter((_, index) => there[index])
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes)
}

/**
 * Remembered before anything is written: who dies in between can unpack the same pack again, and no older one.
 *
 * @returns paths of the files of the series so far.
 */
async function requireNotOlder(app: AppContext, folder: string, pack: VerifiedPack): Promise<readonly string[]> {
  const path = statePath(folder, pack)
  const seen = await readSeen(app, path)
  if (seen !== undefined && pack.version < seen.version) {
    throw rollback(pack, `version ${pack.version}, and version ${seen.version} was unpacked before`)
  }
  if (seen?.version === pack.version) {
    if (seen.digest === pack.digest) return seen.paths
    throw rollback(pack, `version ${pack.version} was unpacked before with other content`)
  }
  const { name, version, digest } = pack
  const paths = [...new Set([...(seen?.paths ?? []), ...pack.files.map((file) => file.path)])].slice(-MOST_PATHS)
  const text = `${JSON.stringify({ name, version, digest, paths })}\n`
  const options = { noFollow: true, makeFolders: true, mode: 0o600 }
  await app.files.writeStream(path, once(encodeUtf8(text)), options)
  return paths
}

function statePath(folder: string, pack: VerifiedPack): string {
  const series = encodeHex(digestOf("sha256", encodeUtf8(`${fingerprint(pack.key)}\n${pack.name}`)))
  return `${folder.replace(/\/+$/, "")}/${series}.json`
}

async function readSeen(app: AppContext, path: string): Promise<Seen | undefined> {
  return (await app.files.exists(path)) ? parseSeen(await app.files.read(path, STATE_BYTES), path) : undefined
}

function rollback({ name }: VerifiedPack, why: string): ToolError {
  return new ToolError("E_TRUST_ROLLBACK", {
    what: `the trust pack ${JSON.stringify(name)} is older than what is known`,
    why,
    next: [
      "get the newest pack from whoever makes them, and unpack it again where others unpacked at the same time",
      "make a new one with a higher `--pack-version`, if you are they",
    ],
  })
}

/** What is remembered of a series. */
interface Seen {
  readonly version: number
  readonly digest: string
  readonly paths: readonly string[]
}

/** SECURITY: what cannot be read is not taken for nothing: that would let an old pack in. */
function parseSeen(bytes: Uint8Array, path: string): Seen {
  try {
    const document = expectObject(parseJson(bytes, { maxBytes: STATE_BYTES, what: path }), path)
    const version = expectInteger(member(document, "version"), "version", 1)
    const paths = expectArray(member(document, "paths") ?? [], "paths", MOST_PATHS).map((item) => {
      const packed = expectText(item, "paths")
      checkPackPath(packed)
      return packed
    })
    return { version, digest: expectText(member(document, "digest"), "digest"), paths }
  } catch (thrown) {
    throw new ToolError("E_TRUST_MALFORMED", {
      what: `what is remembered of earlier trust packs cannot be read: ${path}`,
      why: thrown instanceof Error ? thrown.message : "it is not well-formed",
      next: ["find out who changed the file; remove it only if you know that the pack is the newest"],
    })
  }
}
