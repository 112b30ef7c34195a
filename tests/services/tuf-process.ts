/**
 * A process that works with a TUF cache until it is killed: `writer` refreshes again and again, `reader` reads offline.
 * Says `ready` once, and `failed: …` should anything fail.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { createHttpClient } from "../../src/io/net/http-client.ts"
import { createTrustRepository } from "../../src/io/services/tuf/trust-repository.ts"

const [role = "", folder = "", url = ""] = process.argv.slice(2)
const http = createHttpClient({ userAgent: "test", tries: 1 })
let said = false

for (;;) {
  const trust = createTrustRepository({
    env: { TUF_ROOT: folder, TUF_MIRROR: url },
    home: folder,
    files: { read: () => Promise.reject(new Error("no file was to be read")) },
    http: () => Promise.resolve(http),
    clock: { now: () => Date.now() },
    sleep: (ms) => sleep(ms),
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    refresh: "always",
  })
  try {
    const { bytes } = await trust.trustedRoot({ offline: role === "reader" })
    const { roles } = await trust.status({ offline: true })
    if (bytes.length === 0 || roles.length !== 4) throw new Error("something is missing")
    if (!said) process.stdout.write("ready\n")
    said = true
  } catch (thrown) {
    process.stdout.write(`failed: ${String(thrown)}\n`)
    process.exitCode = 1
    break
  }
}
await http.close()
