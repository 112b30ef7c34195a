/** Trust data of the private Sigstore, gotten as that of any other instance. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { TrustRepository } from "../../src/core/sigstore-ports.ts"
import { createHttpClient } from "../../src/io/net/http-client.ts"
import { createTrustRepository } from "../../src/io/services/tuf/trust-repository.ts"
import { legacyTrustedRoot } from "../../src/io/services/tuf/legacy-root.ts"
import { mirrorSource } from "../../src/io/services/tuf/mirror-source.ts"
import { openRefreshed } from "../../src/io/services/tuf/mirror.ts"
import { TufCache } from "../../src/io/services/tuf/cache.ts"
import { startTestSandbox, type TestSandbox } from "../../src/testing/sandbox/test-sandbox.ts"

let sandbox: TestSandbox
let home = ""
const http = createHttpClient({ userAgent: "test", tries: 1 })
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }

beforeAll(async () => {
  sandbox = await startTestSandbox()
  home = mkdtempSync(join(tmpdir(), "tuf-sandbox-"))
})
afterAll(async () => {
  await http.close()
  await sandbox.close()
  rmSync(home, { recursive: true })
})

function client(): TrustRepository {
  return createTrustRepository({
    env: {},
    home,
    files: { read: () => Promise.reject(new Error("no file was to be read")) },
    http: () => Promise.resolve(http),
    clock: { now: () => Date.now() },
    sleep: (ms) => sleep(ms),
    logger,
    refresh: "daily",
  })
}

it("has the documents that the sandbox writes", async () => {
  await client().initialize({ mirror: sandbox.services.tuf, root: sandbox.tufRoot })
  for (const offline of [false, true]) {
    expect((await client().trustedRoot({ offline })).bytes).toEqual(sandbox.trustedRoot)
    expect((await client().signingConfig({ offline })).bytes).toEqual(sandbox.signingConfig)
    expect((await client().signingConfig({ offline, rekorV2: true })).bytes).toEqual(sandbox.signingConfigV2)
  }
})

it("has single files that make nearly the same trusted root", async () => {
  const { value } = await client().trustedRoot({ offline: true })
  const options = {
    folder: join(home, "other"),
    clock: { now: () => Date.now() },
    sleep: () => Promise.resolve(),
    logger,
  }
  const source = mirrorSource(() => Promise.resolve(http), sandbox.services.tuf)
  const context = { url: sandbox.services.tuf, anchor: sandbox.tufRoot, cache: new TufCache(options), source, logger }
  const legacy = await legacyTrustedRoot(await openRefreshed(context, Date.now()))
  expect(legacy.ctlogs.map(({ logId }) => logId)).toEqual(value.ctlogs.map(({ logId }) => logId))
  expect(value.tlogs.map(({ logId }) => logId)).toContainEqual(legacy.tlogs[0]?.logId)
  expect(legacy.certificateAuthorities.map(({ certificates }) => certificates)).toEqual(
    value.certificateAuthorities.map(({ certificates }) => certificates),
  )
  expect(legacy.timestampAuthorities.map(({ certificates }) => certificates)).toEqual(
    value.timestampAuthorities.map(({ certificates }) => certificates),
  )
})
