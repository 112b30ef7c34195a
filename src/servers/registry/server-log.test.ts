import { describe, expect, it } from "vitest"
import { createServerLog, type ServerLogOptions } from "./server-log.ts"

function lines(options: Partial<ServerLogOptions>): string[] {
  const written: string[] = []
  const log = createServerLog({
    format: "text",
    level: "debug",
    clock: { now: () => 0 },
    write: (line) => written.push(line),
    ...options,
  })
  log.debug("registry.detail", { n: 9007199254740993n })
  log.info("registry.request", { path: "/v2/\n/x", ms: 3, token: "insecure-test-secret" })
  log.warn("registry.failure", { password: "insecure-test-secret" })
  return written
}

describe("createServerLog", () => {
  it("writes words on one line", () => {
    expect(lines({})).toEqual([
      "1970-01-01T00:00:00.000Z debug registry.detail n=9007199254740993\n",
      '1970-01-01T00:00:00.000Z info registry.request path="/v2/\\n/x" ms=3 token=…\n',
      "1970-01-01T00:00:00.000Z warn registry.failure password=…\n",
    ])
  })

  it("writes JSON", () => {
    expect(lines({ format: "json" }).map((line) => JSON.parse(line) as unknown)).toEqual([
      { level: "debug", time: "1970-01-01T00:00:00.000Z", event: "registry.detail", n: "9007199254740993" },
      {
        level: "info",
        time: "1970-01-01T00:00:00.000Z",
        event: "registry.request",
        path: "/v2/\n/x",
        ms: 3,
        token: "…",
      },
      { level: "warn", time: "1970-01-01T00:00:00.000Z", event: "registry.failure", password: "…" },
    ])
  })

  it.each(["text", "json"] as const)("%s leaves out what is below its level", (format) => {
    expect(lines({ format, level: "info" })).toHaveLength(2)
    expect(lines({ format, level: "warn" })).toHaveLength(1)
    expect(lines({ format, level: "quiet" })).toHaveLength(0)
  })
})
