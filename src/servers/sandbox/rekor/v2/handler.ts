import { encodeBase64 } from "../../../../codec/base64.ts"
import type { JsonObject } from "../../../../core/json-value.ts"
import type { Logger } from "../../../../core/ports.ts"
import { inclusionPath } from "../../../../crypto/transparency/merkle-tree.ts"
import { answerCall, bytesAnswer, type Endpoint, jsonAnswer, jsonBody, type Received, receive } from "../call.ts"
import type { EntryAnswer, RekorFaults } from "../options.ts"
import { LogRefusal, reading } from "../refusal.ts"
import type { AppendOnlyLog } from "../storage/append-only-log.ts"
import { textResponse } from "../../../registry/json-response.ts"
import { ENTRY_VERSION, type EntryV2 } from "./hashedrekord-request.ts"
import { readRequestV2 } from "./request.ts"
import { parseTileName, readTile } from "./tiles.ts"

/** What the version 2 API is made of. */
export interface RekorV2Parts {
  readonly log: AppendOnlyLog
  readonly logId: Uint8Array
  readonly oldDsse: boolean
  readonly maxRequestBytes: number
  readonly logger: Logger | undefined
  readonly faults: RekorFaults | undefined
}

const ENTRIES = "/api/v2/log/entries"
const CHECKPOINT = "/api/v2/checkpoint"
const TILE = "/api/v2/tile/"
/** Codes of gRPC by the HTTP status they come with. */
const GRPC: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [404, 5],
  [405, 12],
  [409, 6],
  [413, 8],
  [415, 3],
  [507, 8],
])
const UNKNOWN = 2
/** What never changes: a full tile. */
const FOREVER = "public, max-age=31536000, immutable"

/**
 * The API of Rekor 2: add entries; checkpoint, tiles and entries to read, as an operator serves them.
 *
 * Errors are those of a gRPC gateway: `{"code":…,"message":…,"details":[]}`.
 *
 * Spec: sigstore/rekor-tiles `CLIENTS.md`, `internal/server`; C2SP tlog-tiles.md.
 */
export function createRekorV2(parts: RekorV2Parts): (request: Request) => Promise<Response> {
  return (request) => {
    const call = receive(request, 2)
    const endpoint: Endpoint = () => {
      const [method, run] = routeOf(call, parts)
      if (call.method !== method) throw new LogRefusal(405, "Method Not Allowed", { Allow: method })
      return run()
    }
    const guarded: Endpoint = async (received) => endpoint(received)
    const write = (status: number, message: string): JsonObject => ({
      code: GRPC.get(status) ?? UNKNOWN,
      message,
      details: [],
    })
    return answerCall(call, guarded, { ...parts, write })
  }
}

function routeOf(call: Received, parts: RekorV2Parts): readonly [string, () => Promise<Response>] {
  const { path } = call
  if (path === ENTRIES) return ["POST", () => addEntry(call, parts)]
  if (path === CHECKPOINT) return ["GET", () => Promise.resolve(checkpoint(call, parts))]
  if (path.startsWith(TILE)) return ["GET", () => Promise.resolve(tile(path.slice(TILE.length), parts))]
  throw new LogRefusal(404, "Not Found")
}

async function addEntry(call: Received, parts: RekorV2Parts): Promise<Response> {
  const value = await jsonBody(call, parts.maxRequestBytes, "")
  const entry = await reading("invalid hashedrekord request: ", () => readRequestV2(value, parts.oldDsse))
  const { index, duplicate } = await parts.log.append({ body: entry.body, keywords: [] })
  if (duplicate) {
    const message = `an equivalent entry already exists in the transparency log with index ${index}`
    throw new LogRefusal(409, message, { "X-Log-Index": String(index) })
  }
  const answer = answerOf(index, entry, parts)
  return jsonAnswer(transparencyLogEntry(parts.faults?.entry?.(answer, call) ?? answer, entry), 201)
}

function answerOf(index: number, { body }: EntryV2, { log, logId }: RekorV2Parts): EntryAnswer {
  const { size, root, checkpoint } = log.head()
  const hashes = inclusionPath(log.read, index, size)
  const proof = { logIndex: index, treeSize: size, rootHash: root, hashes, checkpoint }
  return { body, integratedTime: 0, logId, logIndex: index, proof }
}

/** The message `TransparencyLogEntry` with every member, as upstream's gateway writes it. */
function transparencyLogEntry(answer: EntryAnswer, { kind }: EntryV2): JsonObject {
  const { proof } = answer
  return {
    logIndex: String(answer.logIndex),
    logId: { keyId: encodeBase64(answer.logId) },
    kindVersion: { kind, version: ENTRY_VERSION },
    integratedTime: String(answer.integratedTime),
    inclusionPromise: null,
    inclusionProof:
      proof === undefined
        ? null
        : {
            logIndex: String(proof.logIndex),
            rootHash: encodeBase64(proof.rootHash),
            treeSize: String(proof.treeSize),
            hashes: proof.hashes.map((hash) => encodeBase64(hash)),
            checkpoint: { envelope: proof.checkpoint },
          },
    canonicalizedBody: encodeBase64(answer.body),
  }
}

function checkpoint(call: Received, { log, faults }: RekorV2Parts): Response {
  const note = log.head().checkpoint
  return textResponse(faults?.checkpoint?.(note, call) ?? note, 200, {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-cache",
  })
}

function tile(path: string, { log }: RekorV2Parts): Response {
  const name = parseTileName(path)
  const chunks = name === undefined ? undefined : readTile(log, name)
  if (chunks === undefined) throw new LogRefusal(404, "Not Found")
  return bytesAnswer(chunks, { "Content-Type": "application/octet-stream", "Cache-Control": FOREVER })
}
