import { decodeHex, encodeHex } from "../../../../codec/hex.ts"
import type { JsonObject } from "../../../../core/json-value.ts"
import type { Logger } from "../../../../core/ports.ts"
import { publicKeyPem } from "../../../../crypto/public-key.ts"
import { leafHash } from "../../../../crypto/transparency/merkle.ts"
import { consistencyPath } from "../../../../crypto/transparency/merkle-tree.ts"
import { entryUuid } from "../../../../envelopes/log-entry/entry-uuid.ts"
import { textResponse } from "../../../registry/json-response.ts"
import { answerCall, type Endpoint, jsonAnswer, jsonBody, type Received, receive } from "../call.ts"
import type { RekorFaults } from "../options.ts"
import { LogRefusal, reading } from "../refusal.ts"
import type { StoredEntry } from "../storage/append-only-log.ts"
import { answerEntry, type EntrySource, entryJson } from "./entry-json.ts"
import { numberOf } from "./numbers.ts"
import { readProposedEntry } from "./proposed-entry.ts"
import { readRetrieval } from "./retrieval.ts"
import { readSearch, searchEntries } from "./search-index.ts"

/** What the version 1 API is made of. */
export interface RekorV1Parts extends EntrySource {
  /** Decimal number below 2^63. */
  readonly treeId: string
  /** Path of the service's URL, without a slash at the end. */
  readonly basePath: string
  readonly maxRequestBytes: number
  readonly logger: Logger | undefined
  readonly faults: RekorFaults | undefined
}

const ENTRIES = "/api/v1/log/entries"
const PROCESSING = "error processing entry: "
const UUID = /^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{80})$/
const UUID_DIGITS = 64

/**
 * The API of Rekor 1: add entries, read them with their proofs, search them.
 *
 * Errors are `{"code":…,"message":…}`; entries that are not there are a 404 without a body.
 *
 * Spec: sigstore/rekor `openapi.yaml`, `pkg/api`.
 */
export function createRekorV1(parts: RekorV1Parts): (request: Request) => Promise<Response> {
  const fixed: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
    [ENTRIES]: { POST: (call) => addEntry(call, parts), GET: (call) => entryByIndex(call, parts) },
    [`${ENTRIES}/retrieve`]: { POST: (call) => retrieve(call, parts) },
    "/api/v1/index/retrieve": { POST: (call) => search(call, parts) },
    "/api/v1/log": { GET: (call) => Promise.resolve(logInfo(call, parts)) },
    "/api/v1/log/publicKey": { GET: (call) => Promise.resolve(publicKey(call, parts)) },
    "/api/v1/log/proof": { GET: (call) => Promise.resolve(logProof(call, parts)) },
  }
  return (request) => {
    const call = receive(request, 1)
    const endpoint: Endpoint = async () => {
      const methods = Object.hasOwn(fixed, call.path) ? fixed[call.path] : undefined
      const known = methods ?? entryMethods(call.path, parts)
      if (known === undefined) throw new LogRefusal(404, `path ${call.path} was not found`)
      const found = Object.hasOwn(known, call.method) ? known[call.method] : undefined
      if (found !== undefined) return found(call)
      const allowed = Object.keys(known)
      throw new LogRefusal(405, `method ${call.method} is not allowed, but [${allowed.join(",")}] are`, {
        Allow: allowed.join(", "),
      })
    }
    return answerCall(call, endpoint, { ...parts, write: (code, message) => ({ code, message }) })
  }
}

function entryMethods(path: string, parts: RekorV1Parts): Readonly<Record<string, Endpoint>> | undefined {
  if (!path.startsWith(`${ENTRIES}/`)) return undefined
  return { GET: (call) => entryByUuid(call, path.slice(ENTRIES.length + 1), parts) }
}

async function entryObject(stored: StoredEntry, call: Received, parts: RekorV1Parts): Promise<JsonObject> {
  const answer = await answerEntry(stored, parts)
  return { [entryUuid(stored.body, BigInt(parts.treeId))]: entryJson(parts.faults?.entry?.(answer, call) ?? answer) }
}

async function addEntry(call: Received, parts: RekorV1Parts): Promise<Response> {
  const value = await jsonBody(call, parts.maxRequestBytes, PROCESSING)
  const entry = await reading(PROCESSING, () => readProposedEntry(value))
  const { index, duplicate } = await parts.log.append(entry)
  const uuid = entryUuid(entry.body, BigInt(parts.treeId))
  const location = `${parts.basePath}${ENTRIES}/${uuid}`
  if (duplicate) {
    const message = `an equivalent entry already exists in the transparency log with UUID ${uuid}`
    throw new LogRefusal(409, message, { Location: location })
  }
  const stored = parts.log.entry(index)
  if (stored === undefined) throw new LogRefusal(500, "unexpected result from transparency log")
  return jsonAnswer(await entryObject(stored, call, parts), 201, { ETag: uuid, Location: location })
}

async function entryByIndex(call: Received, parts: RekorV1Parts): Promise<Response> {
  const stored = parts.log.entry(numberOf(call.query, "logIndex", 0))
  return stored === undefined ? notFound() : jsonAnswer(await entryObject(stored, call, parts))
}

async function entryByUuid(call: Received, uuid: string, parts: RekorV1Parts): Promise<Response> {
  if (!UUID.test(uuid)) throw new LogRefusal(422, `entryUUID in path should match '${UUID.source}'`)
  const stored = findByUuid(uuid, parts)
  return stored === undefined ? notFound() : jsonAnswer(await entryObject(stored, call, parts))
}

/** @param uuid - 64 or 80 hexadecimal digits. A tree id that is not ours finds nothing. */
function findByUuid(uuid: string, parts: RekorV1Parts): StoredEntry | undefined {
  const leaf = decodeHex(uuid.slice(-UUID_DIGITS), { max: 32, what: "entryUUID", upperCase: true })
  const tree = uuid.slice(0, -UUID_DIGITS).toLowerCase()
  const index = tree === "" || tree === treeDigits(parts) ? parts.log.find(leaf) : undefined
  return index === undefined ? undefined : parts.log.entry(index)
}

function treeDigits({ treeId }: RekorV1Parts): string {
  return BigInt(treeId).toString(16).padStart(16, "0")
}

async function retrieve(call: Received, parts: RekorV1Parts): Promise<Response> {
  const value = await jsonBody(call, parts.maxRequestBytes, "")
  const wanted = await reading("", () => readRetrieval(value))
  const byUuid = wanted.uuids.map((uuid) => findByUuid(uuid, parts))
  const byBody = wanted.bodies.map((body) => parts.log.find(leafHash(body))).map((at) => entryAt(at, parts))
  const byIndex = wanted.indices.map((index) => entryAt(index, parts))
  const found = [...byUuid, ...byBody, ...byIndex].filter((stored) => stored !== undefined)
  return jsonAnswer(await Promise.all(found.map((stored) => entryObject(stored, call, parts))))
}

function entryAt(index: number | undefined, { log }: RekorV1Parts): StoredEntry | undefined {
  return index === undefined ? undefined : log.entry(index)
}

async function search(call: Received, parts: RekorV1Parts): Promise<Response> {
  const value = await jsonBody(call, parts.maxRequestBytes, "")
  const query = await reading("", () => readSearch(value))
  const uuids = searchEntries(query, parts.log).map((index) => treeDigits(parts) + encodeHex(parts.log.read(0, index)))
  return jsonAnswer([...new Set(uuids)])
}

function logInfo(call: Received, { log, treeId, faults }: RekorV1Parts): Response {
  const { size, root, checkpoint } = log.head()
  const signedTreeHead = faults?.checkpoint?.(checkpoint, call) ?? checkpoint
  return jsonAnswer({ rootHash: encodeHex(root), signedTreeHead, treeID: treeId, treeSize: size })
}

function publicKey({ query }: Received, { signer, treeId }: RekorV1Parts): Response {
  requireTree(query, treeId)
  return textResponse(publicKeyPem(signer.publicKey), 200, { "Content-Type": "application/x-pem-file" })
}

function logProof({ query }: Received, { log, treeId }: RekorV1Parts): Response {
  requireTree(query, treeId)
  const first = query.has("firstSize") ? numberOf(query, "firstSize", 1) : 1
  const last = numberOf(query, "lastSize", 1)
  if (first > last) throw new LogRefusal(400, `firstSize(${first}) must be less than lastSize(${last})`)
  const { size, root } = log.head()
  if (last > size) {
    const message = `the tree size requested(${last}) was greater than what is currently observable(${size})`
    throw new LogRefusal(400, message)
  }
  return jsonAnswer({
    hashes: consistencyPath(log.read, first, last).map((hash) => encodeHex(hash)),
    rootHash: encodeHex(root),
  })
}

/** Clients may name the tree; there is one. */
function requireTree(query: URLSearchParams, treeId: string): void {
  const asked = query.get("treeID") ?? ""
  if (asked !== "" && asked !== treeId) throw new LogRefusal(400, `${asked.slice(0, 40)} is not a valid tree ID`)
}

function notFound(): Response {
  return new Response(null, { status: 404 })
}
