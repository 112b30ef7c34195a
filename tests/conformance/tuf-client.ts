/**
 * The TUF client as the suite tuf-conformance starts it; see README.md.
 *
 *   tuf-client.ts --metadata-dir DIR init ROOT
 *   tuf-client.ts --metadata-dir DIR --metadata-url URL refresh
 *   tuf-client.ts --metadata-dir DIR --metadata-url URL --target-name NAME... --target-base-url URL --target-dir DIR download
 */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { createHttpClient } from "../../src/io/net/http-client.ts"
import { TufCache } from "../../src/io/services/tuf/cache.ts"
import { cacheFileName } from "../../src/io/services/tuf/cache-names.ts"
import { mirrorSource, type TufSource } from "../../src/io/services/tuf/mirror-source.ts"
import { openRefreshed } from "../../src/io/services/tuf/mirror.ts"

/** Names the folder of the cache alone; the suite says for each run where the repository is. */
const MIRROR = "http://tuf.invalid/repository"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "metadata-dir": { type: "string", default: "" },
    "metadata-url": { type: "string", default: "" },
    "target-name": { type: "string", multiple: true, default: [] },
    "target-base-url": { type: "string", default: "" },
    "target-dir": { type: "string", default: "" },
  },
})
const folder = values["metadata-dir"]
const http = createHttpClient({ userAgent: "countersign-conformance", tries: 1 })
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }
/** Seconds since the epoch, or nothing: the time that a stand-in for `faketime` sets. */
const time = Number(process.env["TUF_CLIENT_TIME"] ?? "")
const clock = { now: () => (time > 0 ? time * 1000 : Date.now()) }

/** The suite looks at the folder of the mirror; the cache is the folder above. */
function openCache(): TufCache {
  const above = `${folder}-cache`
  mkdirSync(above, { recursive: true })
  const link = join(above, "tuf.invalid-repository")
  if (!existsSync(link)) symlinkSync(folder, link)
  return new TufCache({ folder: above, clock, sleep: (ms) => sleep(ms), logger })
}

async function init(root: string): Promise<void> {
  const bytes = new Uint8Array(readFileSync(root))
  await openCache().write(MIRROR, () => ({ state: { pinned: bytes, roots: [] }, loose: { root: bytes } }))
}

async function update(): Promise<Awaited<ReturnType<typeof openRefreshed>>> {
  const cache = openCache()
  const anchor = (await cache.read(MIRROR)).state.pinned ?? new Uint8Array()
  const open = (): Promise<typeof http> => Promise.resolve(http)
  const [metadata, targets] = [values["metadata-url"], values["target-base-url"]].map((url) => mirrorSource(open, url))
  const source: TufSource = {
    fetch: async (path, max, signal) =>
      path.startsWith("targets/")
        ? targets?.fetch(path.slice("targets/".length), max, signal)
        : metadata?.fetch(path, max, signal),
  }
  return openRefreshed({ url: MIRROR, anchor, cache, source, logger }, clock.now(), { documents: false })
}

async function download(): Promise<void> {
  const opened = await update()
  for (const name of values["target-name"]) {
    const bytes = await opened.target(name)
    const path = join(values["target-dir"], cacheFileName(name) ?? "long")
    if (!existsSync(path) || !readFileSync(path).equals(bytes)) writeFileSync(path, bytes)
  }
}

try {
  if (positionals[0] === "init") await init(positionals[1] ?? "")
  else if (positionals[0] === "refresh") await update()
  else await download()
} catch (thrown) {
  process.stderr.write(`${String(thrown)}\n`)
  process.exitCode = 1
}
await http.close()
