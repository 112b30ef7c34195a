/** `notation login` and `logout` beside the real ones: one registry with a password, a helper that notes what it is told. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { countersign, havePeers, peer, type Finished, type RunOptions } from "./peers.ts"

describe.skipIf(!havePeers("notation"))("login", () => {
  let work = ""
  let server: Server
  let host = ""
  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), "countersign-login-"))
    const wanted = `Basic ${btoa("u:secret")}`
    server = createServer((request, response) => {
      const fine = request.headers.authorization === wanted
      response.writeHead(fine ? 200 : 401, fine ? {} : { "WWW-Authenticate": 'Basic realm="r"' }).end("{}")
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    host = `localhost:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(work, { recursive: true, force: true })
  })

  interface Case {
    readonly name: string
    readonly args: readonly string[]
    readonly input?: string
    readonly env?: Readonly<Record<string, string>>
    readonly config?: object
    /** The message about the registry's answer is in our words. */
    readonly loose?: true
  }

  const helper = { credsStore: "test" }
  const cases: readonly Case[] = [
    { name: "flags", args: ["login", "-u", "u", "-p", "secret"], config: helper },
    {
      name: "password from stdin",
      args: ["login", "-u", "u", "--password-stdin"],
      input: "secret\r\n",
      config: helper,
    },
    { name: "prompts", args: ["login"], input: "u\nsecret\n", config: helper },
    { name: "prompt for the password", args: ["login", "-u", "u"], input: "secret", config: helper },
    { name: "no password", args: ["login", "-u", "u"], config: helper },
    { name: "no token", args: ["login"], input: "\n", config: helper },
    { name: "no name", args: ["login"], config: helper },
    {
      name: "variables",
      args: ["login"],
      env: { NOTATION_USERNAME: "u", NOTATION_PASSWORD: "secret" },
      config: helper,
    },
    { name: "no helper", args: ["login", "-u", "u", "-p", "secret"] },
    { name: "a wrong password", args: ["login", "-u", "u", "-p", "wrong"], config: helper, loose: true },
    { name: "logout", args: ["logout"], config: helper },
    { name: "logout of nothing", args: ["logout"] },
  ]

  async function session(which: "real" | "ours", one: Case): Promise<Finished & { readonly told: string }> {
    const home = mkdtempSync(join(work, `${which}-`))
    const bin = join(home, "bin")
    mkdirSync(join(home, "config"), { recursive: true })
    mkdirSync(bin)
    const told = join(home, "told")
    // The variables with the password must not reach helpers.
    const script = `#!/bin/sh\necho "$1 [$NOTATION_USERNAME$NOTATION_PASSWORD] $(cat)" >> ${told}\n`
    writeFileSync(join(bin, "docker-credential-test"), script)
    chmodSync(join(bin, "docker-credential-test"), 0o755)
    if (one.config !== undefined) writeFileSync(join(home, "config/config.json"), JSON.stringify(one.config))
    writeFileSync(told, "")
    const [command = "", ...rest] = one.args
    const args = [command, ...rest, host]
    const options: RunOptions = {
      cwd: home,
      input: one.input ?? "",
      env: { PATH: `${bin}:${process.env["PATH"] ?? ""}`, NOTATION_CONFIG: join(home, "config"), ...one.env },
    }
    const finished =
      which === "real" ? await peer("notation", args, options) : await countersign(["notation", ...args], options)
    return { ...finished, told: readFileSync(told, "utf8") }
  }

  it.each(cases)("$name", async (one) => {
    const [real, own] = [await session("real", one), await session("ours", one)]
    const stored = (text: string): unknown =>
      text
        .split("\n")
        .map((line) =>
          line.replace(/\{.*\}/, (json) => JSON.stringify(Object.entries(JSON.parse(json) as object).sort())),
        )
    expect(stored(own.told)).toEqual(stored(real.told))
    expect([own.code, own.stdout]).toEqual([real.code, real.stdout])
    if (one.loose !== true) expect(own.stderr).toBe(real.stderr)
    else expect(own.stderr).toMatch(/^Error: failed to log in to localhost:\d+: failed to validate the credentials for/)
    expect(own.stderr).not.toMatch(/secret|wrong/)
  })
})
