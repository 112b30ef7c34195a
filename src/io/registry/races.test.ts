import { afterAll, beforeAll, describe as suite, expect, it } from "vitest"

import type { Attached } from "../../core/ports.ts"
import { asToolError } from "../../core/errors.ts"
import { createHttpClient } from "../net/http-client.ts"
import type { HttpClient } from "../net/http-types.ts"
import { findTool, startDistribution, type Distribution } from "./test-distribution.ts"
import { clientOf, MANIFEST_TYPE, pushSubject, referrerOf, sha256, startRegistry } from "./test-registry.ts"

const tool = findTool("docker-registry")

interface Race {
  readonly succeeded: readonly string[]
  readonly failed: readonly string[]
  readonly present: readonly string[]
}

/** Writers with nothing in common but the registry, all attaching to one subject at once. */
async function race(host: string, writers: number, text: string): Promise<Race> {
  const clients: HttpClient[] = []
  const open = (): ReturnType<typeof clientOf> => {
    const http = createHttpClient({ userAgent: "countersign-test/0" })
    clients.push(http)
    return clientOf(host, "team/app", http, 1)
  }
  try {
    const first = open()
    const subject = await pushSubject(first, text)
    const all = Array.from({ length: writers }, (_, n) => ({ client: open(), text: `${text} ${n}` }))
    const ready = await Promise.all(
      all.map(async ({ client, text: one }) => ({ client, bytes: await referrerOf(client, subject, one) })),
    )
    const outcomes = await Promise.all(
      ready.map(({ client, bytes }) =>
        client.attach(bytes, MANIFEST_TYPE).then(
          (attached): Attached | string => attached,
          (error: unknown): Attached | string => {
            // A writer that fails must at least say which referrer is not listed.
            expect(asToolError(error).what).toContain(sha256(bytes))
            return asToolError(error).message
          },
        ),
      ),
    )
    const { entries } = await open().listReferrersTag(subject.digest)
    return {
      succeeded: outcomes.flatMap((one) => (typeof one === "string" ? [] : [one.descriptor.digest])),
      failed: outcomes.filter((one) => typeof one === "string"),
      present: entries.map((entry) => entry.digest),
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()))
  }
}

suite("writers racing for one referrers tag, conditions ignored", () => {
  it.each([12, 32])("%i writers on a registry that ignores conditions", { timeout: 60_000 }, async (writers) => {
    const server = await startRegistry({ referrers: 404, conditions: false })
    try {
      const { succeeded, failed, present } = await race(server.host, writers, "double")
      expect(present).toEqual(expect.arrayContaining([...succeeded]))
      expect(succeeded.length + failed.length).toBe(writers)
      expect(succeeded.length).toBeGreaterThan(0)
    } finally {
      await server.close()
    }
  })

  it.each([12, 32])("%i writers on a registry that honours conditions", { timeout: 60_000 }, async (writers) => {
    const server = await startRegistry({ referrers: 404, conditions: true })
    try {
      const { succeeded, present } = await race(server.host, writers, "strict")
      expect(new Set(present)).toEqual(new Set(succeeded))
    } finally {
      await server.close()
    }
  })
})

suite.skipIf(tool === undefined)("writers racing on distribution 2.8", () => {
  let registry: Distribution
  beforeAll(async () => {
    registry = await startDistribution(tool ?? "")
  })
  afterAll(() => registry.stop())

  it.each([12, 32])("every one of %i writers that reports success is listed", { timeout: 120_000 }, async (writers) => {
    const { succeeded, failed, present } = await race(registry.host, writers, `real ${writers}`)
    expect(present).toEqual(expect.arrayContaining([...succeeded]))
    expect(succeeded.length + failed.length).toBe(writers)
    expect(succeeded.length).toBeGreaterThan(writers / 2)
  })
})
