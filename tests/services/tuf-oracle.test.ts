/** The same repositories before tuf-js: its verdicts and ours agree, or the difference is named. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Updater } from "tuf-js"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { attacks } from "./tuf-attacks.ts"
import { TestMirror } from "./tuf-mirror.ts"

let mirror: TestMirror

beforeEach(async () => {
  mirror = await TestMirror.start()
  await mirror.initialize()
  vi.useFakeTimers({ toFake: ["Date"], now: mirror.now })
  const home = join(mirror.folder, "peer")
  mkdirSync(join(home, "targets"), { recursive: true })
  writeFileSync(join(home, "root.json"), mirror.file("1.root.json"))
  expect(await peer()).toBe("accepted")
})
afterEach(async () => {
  vi.useRealTimers()
  await mirror.stop()
})

/** One process of the peer: refresh, then the trusted root. */
async function peer(): Promise<string> {
  const home = join(mirror.folder, "peer")
  vi.setSystemTime(mirror.now)
  try {
    const updater = new Updater({
      metadataDir: home,
      targetDir: join(home, "targets"),
      metadataBaseUrl: mirror.url,
      targetBaseUrl: `${mirror.url}/targets`,
      config: { fetchRetries: 0 },
    })
    await updater.refresh()
    const target = await updater.getTargetInfo("trusted_root.json")
    if (target === undefined) return "no target"
    if ((await updater.findCachedTarget(target)) === undefined) await updater.downloadTarget(target)
    return "accepted"
  } catch (thrown) {
    return thrown instanceof Error ? thrown.constructor.name : "thrown"
  }
}

it("accepts what is in order, as we do", async () => {
  await mirror.bump("root", "targets", "snapshot", "timestamp")
  await mirror.client().trustedRoot({ offline: false })
  expect(await peer()).toBe("accepted")
})

it.each(attacks)("$id $name", async ({ before, run, peerAccepts }) => {
  if (before !== undefined) {
    await before(mirror)
    expect(await peer()).toBe("accepted")
  }
  await run(mirror)
  const verdict = await peer()
  if (peerAccepts === undefined) expect(verdict).not.toBe("accepted")
  else expect(verdict).toBe("accepted")
})
