/** `cert self-sign`: how long its certificate lasts, and what `sign --expires` says about it. */
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Ran, startProcess, type TestProcess } from "./process-world.ts"

const HOUR = 3_600_000

describe("cert self-sign", () => {
  let tool: TestProcess
  let made = 0
  const selfSign = (...flags: readonly string[]): Promise<Ran> =>
    tool.run(...["cert", "self-sign", "--key", "release.key", "--subject", "C=US, ST=WA, O=acme, CN=release", ...flags])
  const lifetimeOf = (path: string): number => {
    const { validFromDate, validToDate } = new X509Certificate(readFileSync(path))
    return (validToDate.getTime() - validFromDate.getTime()) / HOUR
  }
  const sign = (...flags: readonly string[]): Promise<Ran> =>
    tool.run(
      ...["sign", "--key", "release.key", "--cert-chain", tool.path("month.pem"), "--format", "notation"],
      ...["--blob", "hello.txt", "--signature", `${made++}.jws.sig`, ...flags],
    )

  beforeAll(async () => {
    tool = await startProcess(undefined, { env: { COUNTERSIGN_PASSWORD: "secret" } })
    await tool.run("keys", "generate", "--name", "release")
    await tool.write("hello.txt", "hello\n")
    await selfSign("--cert", tool.path("year.pem"))
    await selfSign("--cert", tool.path("month.pem"), "--lifetime", "720h")
  })
  afterAll(() => tool.close())

  it("makes it for a year, or for as long as asked", () => {
    expect(lifetimeOf(tool.path("year.pem"))).toBe(365 * 24)
    expect(lifetimeOf(tool.path("month.pem"))).toBe(720)
  })

  it("gives the end as every document gives times: milliseconds since the epoch", async () => {
    const ran = await selfSign("--cert", tool.path("told.pem"), "--output", "json")
    const { notAfter } = JSON.parse(ran.stdout) as { notAfter: unknown }
    expect(notAfter).toBe(new X509Certificate(readFileSync(tool.path("told.pem"))).validToDate.getTime())
    const listed = await tool.run("cert", "doctor", "--output", "json", tool.path("told.pem"))
    expect(JSON.parse(listed.stdout)).toMatchObject({ certificates: [{ notAfter }] })
  })

  it("sign warns of an expiry that the certificate does not live to see", async () => {
    const ran = await sign("--expires", "721h")
    expect(ran.exit).toBe(0)
    expect(ran.stderr).toMatch(/^warning: the certificate ends at \S+Z, before --expires does/)
  })

  it.each([[[]], [["--expires", "719h"]], [["--expires", "721h", "--quiet"]]])(
    "sign with %j says nothing",
    async (flags) => {
      expect(await sign(...flags)).toMatchObject({ exit: 0, stderr: "" })
    },
  )

  it("replaces no file unasked", async () => {
    const before = readFileSync(tool.path("year.pem"), "utf8")
    const ran = await selfSign("--cert", tool.path("year.pem"))
    expect(ran).toMatchObject({ exit: 4, stdout: "" })
    expect(ran.stderr).toMatch(/E_FILE_EXISTS[^]*--overwrite/)
    expect(readFileSync(tool.path("year.pem"), "utf8")).toBe(before)
  })

  it.each(["notation", "notation-cose"])("nor does sign --blob in format %s", async (format) => {
    await tool.write("kept.sig", "the signature of another file")
    const again = ["--blob", "hello.txt", "--signature", "kept.sig"]
    const key = ["--key", "release.key", "--cert-chain", tool.path("year.pem"), "--format", format]
    const ran = await tool.run("sign", ...key, ...again)
    expect(ran).toMatchObject({ exit: 4, stdout: "" })
    expect(ran.stderr).toMatch(/E_FILE_EXISTS[^]*--overwrite/)
    expect(readFileSync(tool.path("kept.sig"), "utf8")).toBe("the signature of another file")
    expect(await tool.run("sign", ...key, ...again, "--overwrite")).toMatchObject({ exit: 0, stderr: "" })
    expect(readFileSync(tool.path("kept.sig"), "utf8")).not.toContain("another file")
    const artifact = await tool.run("sign", ...key, "--overwrite", "127.0.0.1:1/app:1")
    expect(artifact).toMatchObject({ exit: 2 })
    expect(artifact.stderr).toContain("--overwrite")
    const bundle = await tool.run(
      "sign",
      "--key",
      "release.key",
      "--blob",
      "hello.txt",
      "--bundle",
      "b.json",
      "--overwrite",
    )
    expect(bundle).toMatchObject({ exit: 2, stdout: "" })
    expect(bundle.stderr).toContain("--format notation")
  })
})
