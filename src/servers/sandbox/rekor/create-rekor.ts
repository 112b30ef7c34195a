import { join } from "node:path"
import { bytesToBigint } from "../../../codec/der.ts"
import { MIB } from "../../../core/limits.ts"
import { ToolError } from "../../../core/errors.ts"
import { logKeyId, noteKeyId } from "../../../crypto/transparency/note-key.ts"
import { signCheckpoint } from "./log-signer.ts"
import type { Rekor, RekorLog, RekorOptions } from "./options.ts"
import type { AppendOnlyLog, LogOptions } from "./storage/append-only-log.ts"
import { openLog } from "./storage/open-log.ts"
import { createRekorV1 } from "./v1/handler.ts"
import { createRekorV2 } from "./v2/handler.ts"

const REQUEST_BYTES = 4 * MIB
/** More do not fit into what is kept of a checkpoint. */
const MAX_WITNESSES = 8

/**
 * Open both logs in a folder and answer for them: Rekor 1 and Rekor 2, each with a tree and a key of its own.
 *
 * @throws {ToolError} `E_STORAGE_LOCKED`, `E_STORAGE_CORRUPT`, `E_IO` for the folder; `E_USAGE` for too many witnesses.
 */
export async function createRekor(options: RekorOptions): Promise<Rekor> {
  const { witnesses = [] } = options
  if (witnesses.length > MAX_WITNESSES) {
    throw new ToolError("E_USAGE", { what: "too many witnesses", why: `${witnesses.length}, at most ${MAX_WITNESSES}` })
  }
  const v1 = await openV1(options)
  try {
    const v2 = await openV2(options)
    return {
      v1: v1.service,
      v2: v2.service,
      async close() {
        await Promise.all([v1.log.close(), v2.log.close()])
      },
    }
  } catch (thrown) {
    await v1.log.close()
    throw thrown
  }
}

interface OpenService {
  readonly log: AppendOnlyLog
  readonly service: RekorLog
}

function storageOf(options: RekorOptions): Omit<LogOptions, "folder" | "sign"> {
  const { clock, durability, maxBytes, faults } = options
  return {
    clock,
    ...(durability === undefined ? {} : { durability }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(faults?.keepDuplicates === undefined ? {} : { keepDuplicates: faults.keepDuplicates }),
  }
}

async function openV1(options: RekorOptions): Promise<OpenService> {
  const { clock, randomness, faults } = options
  const { url, signer } = options.v1
  const { pathname } = new URL(url)
  const name = hostOf(url)
  const logId = logKeyId(signer.publicKey)
  // The tree's id is made with the log and named in its checkpoints, of which the first is signed while opening.
  let treeId = ""
  const log = await openLog({
    ...storageOf(options),
    folder: join(options.folder, "v1"),
    prepare: (fact) => {
      treeId = fact("tree id", () => newTreeId(randomness.bytes(8)))
    },
    sign: (tree) =>
      signCheckpoint(tree, {
        origin: `${name} - ${treeId}`,
        name,
        keyId: logId,
        key: signer,
        witnesses: [],
        clock,
      }),
  })
  const fetch = createRekorV1({
    log,
    logId,
    signer,
    treeId,
    basePath: pathname.replace(/\/+$/, ""),
    maxRequestBytes: options.maxRequestBytes ?? REQUEST_BYTES,
    logger: options.logger,
    faults,
  })
  return { log, service: { fetch, publicKey: signer.publicKey, logId, origin: `${name} - ${treeId}` } }
}

async function openV2(options: RekorOptions): Promise<OpenService> {
  const { clock, faults, witnesses = [] } = options
  const { url, signer: key } = options.v2
  const origin = hostOf(url)
  const logId = noteKeyId(key.publicKey, origin)
  const log = await openLog({
    ...storageOf(options),
    folder: join(options.folder, "v2"),
    sign: (tree) => signCheckpoint(tree, { origin, name: origin, keyId: logId, key, witnesses, clock }),
  })
  const fetch = createRekorV2({
    log,
    logId,
    oldDsse: options.oldDsse ?? false,
    maxRequestBytes: options.maxRequestBytes ?? REQUEST_BYTES,
    logger: options.logger,
    faults,
  })
  return { log, service: { fetch, publicKey: key.publicKey, logId, origin } }
}

/** Host name as signatures of checkpoints have it: without port, and without the brackets of an IPv6 address. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, "$1")
}

/** A positive number below 2^63, in decimal. */
function newTreeId(bytes: Uint8Array): string {
  return ((bytesToBigint(bytes) & (2n ** 63n - 1n)) | 1n).toString()
}
