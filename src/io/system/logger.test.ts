import { PassThrough, Writable } from "node:stream"
import { describe, expect, it } from "vitest"
import type { JsonObject } from "../../core/json-value.ts"
import { createLogger, type LoggerOptions } from "./logger.ts"
import { createProgress } from "./progress.ts"
import { systemClock } from "./clock.ts"
import { systemRandomness } from "./randomness.ts"
import { inputStream, outputStream } from "./streams.ts"

function logged(
  options: Partial<LoggerOptions>,
  events: readonly ["debug" | "info" | "warn", string, JsonObject?][],
): string {
  let out = ""
  const write = (chunk: string) => {
    out += chunk
    return Promise.resolve()
  }
  const logger = createLogger({ stream: { write }, clock: { now: () => 0 }, ...options })
  for (const [level, event, fields] of events) logger[level](event, fields)
  return out
}

describe("logger", () => {
  it.each([
    ["logrus", "1970-01-01T00:00:00Z"],
    ["logrus-precise", "1970-01-01 00:00:00.000000000Z"],
  ] as const)("%s is the form of notation", (format, time) => {
    const events: Parameters<typeof logged>[1] = [
      ["debug", "a.b", { path: "/x", "odd one": "a\nb" }],
      ["warn", "c.d", { message: "two\nlines" }],
    ]
    expect(logged({ format, level: "debug" }, events)).toBe(
      `time=${time} level=debug msg=a.b path=/x odd one="a\\nb"\n` + "Warning: two lines\n",
    )
  })

  it("at level info, the form of notation has no time", () => {
    expect(logged({ format: "logrus", level: "info" }, [["info", "a.b"]])).toBe("level=info msg=a.b\n")
  })

  const three: readonly ["debug" | "info" | "warn", string][] = [
    ["debug", "a.b"],
    ["info", "c.d"],
    ["warn", "e.f"],
  ]

  it.each([
    [undefined, "warning: e.f\n"],
    ["quiet", ""],
    ["info", "info: c.d\nwarning: e.f\n"],
    ["debug", "debug: a.b\ninfo: c.d\nwarning: e.f\n"],
  ] as const)("level %s", (level, expected) => {
    expect(logged(level === undefined ? {} : { level }, three)).toBe(expected)
  })

  it("warns once per run, and again when something else is meant", () => {
    expect(
      logged({}, [
        ["warn", "e"],
        ["warn", "e"],
        ["warn", "e", { n: 1 }],
        ["warn", "e", { n: 1 }],
      ]),
    ).toBe("warning: e\nwarning: e n=1\n")
  })

  it("prints fields as text and as JSON", () => {
    const fields = { url: "https://h/p?a=1", ms: 5, list: [1, "x"], empty: "", message: "said so" }
    expect(logged({}, [["warn", "e", fields]])).toBe(
      'warning: said so url="https://h/p?a=1" ms=5 list=[1,"x"] empty=""\n',
    )
    expect(JSON.parse(logged({ format: "json" }, [["warn", "e", fields]]))).toEqual({
      time: "1970-01-01T00:00:00.000Z",
      level: "warn",
      event: "e",
      ...fields,
    })
  })

  it.each<[string, JsonObject]>([
    ["a header by name", { Authorization: "hunter2" }],
    ["a header inside", { headers: { "x-registry-authorization": "hunter2" } }],
    ["a password", { password: "hunter2" }],
    ["a token", { refresh_token: "hunter2" }],
    ["userinfo of a URL", { url: "https://me:hunter2@host/" }],
    ["a bearer token in prose", { why: "sent Bearer hunter2" }],
    ["basic credentials in a list", { sent: ["Basic hunter2"] }],
    ["a private key", { text: "-----BEGIN EC PRIVATE KEY-----\nhunter2" }],
  ])("hides %s", (_, fields) => {
    for (const format of ["text", "json", "logrus", "logrus-precise"] as const) {
      const out = logged({ format }, [["warn", "e", fields]])
      expect(out).not.toContain("hunter2")
      expect(out).toContain("…")
    }
  })

  it("keeps escape sequences from the terminal", () => {
    const out = logged({}, [["warn", "e", { tag: "\u001b[2Jx\r\n", message: "a\u001b[31mb" }]])
    expect(out.trimEnd()).not.toMatch(/[\u0000-\u001f]/)
  })

  it("a log that cannot be written fails nothing", () => {
    const logger = createLogger({ stream: { write: () => Promise.reject(new Error("closed")) }, clock: systemClock })
    expect(() => {
      logger.warn("e")
    }).not.toThrow()
  })
})

describe("progress", () => {
  function drawn(
    isTTY: boolean,
    enabled: boolean,
  ): { out: () => string; tick: (ms: number) => void; progress: ReturnType<typeof createProgress> } {
    let out = ""
    let now = 0
    const write = (chunk: string) => {
      out += chunk
      return Promise.resolve()
    }
    const progress = createProgress({ stream: { isTTY, columns: 20, write }, enabled, now: () => now })
    return { out: () => out, tick: (ms) => (now += ms), progress }
  }

  it.each([
    [false, true],
    [true, false],
  ])("is silent: terminal %s, enabled %s", (isTTY, enabled) => {
    const { out, tick, progress } = drawn(isTTY, enabled)
    const task = progress.start("reading", 10)
    tick(1000)
    task.advance(5)
    task.done("finished")
    expect(out()).toBe("")
  })

  it("draws after a while, paced, cut to the width, and clears its line", () => {
    const { out, tick, progress } = drawn(true, true)
    const task = progress.start("reading a file with a long\u001b name", 10)
    task.advance(1)
    expect(out()).toBe("")
    tick(400)
    task.advance(4)
    task.advance(1)
    expect(out()).toBe("\r\u001b[2Kreading a file… 50%")
    task.done()
    task.done()
    expect(out().endsWith("\r\u001b[2K")).toBe(true)
  })
})

describe("streams", () => {
  it("writes in order and reports failures", async () => {
    const sink = new PassThrough()
    const out = outputStream(sink, "standard output")
    await out.write("a")
    await out.write(new TextEncoder().encode("b"))
    await out.write("")
    expect(String(sink.read())).toBe("ab")
    expect([out.isTTY, out.columns]).toEqual([false, 80])
    const broken = new Writable({
      write: (_chunk, _encoding, done) => {
        done(Object.assign(new Error("gone"), { code: "EPIPE" }))
      },
    })
    broken.on("error", () => undefined)
    await expect(outputStream(broken, "standard output").write("x")).rejects.toMatchObject({
      code: "E_IO",
      why: "write standard output: broken pipe",
    })
  })

  it("reads all of standard input within a bound", async () => {
    const source = (chunks: string[]) => {
      const stream = new PassThrough()
      for (const chunk of chunks) stream.write(chunk)
      stream.end()
      return inputStream(() => stream)
    }
    expect(new TextDecoder().decode(await source(["ab", "c\n"]).read(10))).toBe("abc\n")
    expect(await source([]).read(10)).toHaveLength(0)
    await expect(source(["abc", "def"]).read(5)).rejects.toMatchObject({ code: "E_LIMIT_EXCEEDED" })
  })

  it("random bytes are as many as asked for, and differ", () => {
    expect(systemRandomness.bytes(32)).toHaveLength(32)
    expect(systemRandomness.bytes(32)).not.toEqual(systemRandomness.bytes(32))
  })
})
