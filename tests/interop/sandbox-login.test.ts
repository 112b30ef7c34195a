/** Real cosign 2.5 and 3.1 get their identity from the sandbox's issuer: browser, code by hand, other device, secret. */
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestSandbox, type TestSandbox } from "../../src/testing/index.ts"
import { expectCode, findPeer, havePeers, peer, type Finished } from "./peers.ts"

type Cosign = "cosign2" | "cosign3"

/** A program under way, whose words can be waited for. */
interface Running {
  readonly child: ChildProcess
  /** First match in what it has printed or prints from now on. */
  seen(pattern: RegExp): Promise<string>
  readonly finished: Promise<Finished>
}

const EMAIL = "alice@example.com"

describe.runIf(havePeers("cosign2", "cosign3"))("logins of cosign at a sandbox", () => {
  let sandbox: TestSandbox
  let home: string

  beforeAll(async () => {
    sandbox = await startTestSandbox()
    home = await mkdtemp(join(tmpdir(), "countersign-interop-"))
    await writeFile(join(home, "app.txt"), "an app\n")
    await writeFile(join(home, "secret"), "anything")
    // Stands for the browser: cosign gives it the URL, the test does the rest.
    await writeFile(join(home, "xdg-open"), '#!/bin/sh\necho "OPEN $1" >&2\n')
    await chmod(join(home, "xdg-open"), 0o755)
  })

  afterAll(async () => {
    await sandbox.close()
    await rm(home, { recursive: true, force: true })
  })

  const args = (tool: Cosign, flow: string, client = "sigstore"): readonly string[] => {
    const { fulcio, rekor, oidc } = sandbox.services
    const services =
      tool === "cosign2"
        ? ["--fulcio-url", fulcio, "--rekor-url", rekor, "--oidc-issuer", oidc]
        : ["--signing-config", sandbox.files.signingConfig, "--trusted-root", sandbox.files.trustedRoot]
    const identity = ["--fulcio-auth-flow", flow, "--oidc-client-id", client]
    return ["sign-blob", "-y", ...services, ...identity, "--bundle", "b.json", "app.txt"]
  }

  const start = (tool: Cosign, words: readonly string[], path: string): Running => {
    const child = spawn(findPeer(tool) ?? "", words, {
      cwd: home,
      env: { HOME: home, PATH: path, ...(tool === "cosign2" ? sandbox.environment : {}) },
      stdio: ["pipe", "pipe", "pipe"],
    })
    const printed = { stdout: "", stderr: "" }
    const waiting = new Set<() => void>()
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (chunk: Buffer) => {
        printed[name] += chunk.toString()
        for (const look of waiting) look()
      })
    }
    const finished = once(child, "close").then(([code]) => {
      for (const look of waiting) look()
      return { code: (code as number | null) ?? 255, ...printed }
    })
    const seen = (pattern: RegExp): Promise<string> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(`${printed.stdout}\n${printed.stderr}`)?.[1]
          if (found !== undefined) resolve(found)
          else if (child.exitCode !== null) reject(new Error(`ended without ${String(pattern)}:\n${printed.stderr}`))
        }
        waiting.add(look)
        look()
      })
    return { child, seen, finished }
  }
  const verified = async (tool: Cosign, subject: string): Promise<void> => {
    const trust =
      tool === "cosign2" ? ["--rekor-url", sandbox.services.rekor] : ["--trusted-root", sandbox.files.trustedRoot]
    const identity = ["--certificate-identity", subject, "--certificate-oidc-issuer", sandbox.services.oidc]
    const env = tool === "cosign2" ? sandbox.environment : {}
    const words = ["verify-blob", ...trust, ...identity, "--bundle", "b.json", "app.txt"]
    expectCode(await peer(tool, words, { cwd: home, env }), 0)
  }
  const tools = ["cosign2", "cosign3"] as const

  it.each(tools)("%s: in the browser, back to the loopback callback", async (tool) => {
    const cosign = start(tool, args(tool, "normal"), `${home}:/usr/bin:/bin`)
    const target = await sandbox.login.authorize(await cosign.seen(/(http:\S+\/oidc\/auth\?\S+)/), EMAIL)
    expect(new URL(target).searchParams.get("iss")).toBe(sandbox.services.oidc)
    expect(await (await fetch(target)).text()).toMatch(/sigstore/i)
    expectCode(await cosign.finished, 0)
    await verified(tool, EMAIL)
  })

  it.each(tools)("%s: the code by hand where no browser is", async (tool) => {
    const cosign = start(tool, args(tool, "normal"), "/nowhere")
    const url = await cosign.seen(/(http:\S+\/oidc\/auth\?\S+oob\S+)/)
    cosign.child.stdin?.end(`${await sandbox.login.authorize(url, EMAIL)}\n`)
    expectCode(await cosign.finished, 0)
    await verified(tool, EMAIL)
  })

  it.each(tools)("%s: on another device", async (tool) => {
    const cosign = start(tool, args(tool, "device"), "/usr/bin:/bin")
    await sandbox.login.device(await cosign.seen(/in your browser at: (\S+)/), EMAIL)
    expect(expectCode(await cosign.finished, 0).stdout).toContain("Token received!")
    await verified(tool, EMAIL)
  })

  it.each(tools)("%s: a login that is denied on another device", async (tool) => {
    const cosign = start(tool, args(tool, "device"), "/usr/bin:/bin")
    await sandbox.login.device(await cosign.seen(/in your browser at: (\S+)/), "deny")
    const { code, stderr } = await cosign.finished
    expect(code).toBe(1)
    expect(stderr).toContain("access_denied")
  })

  it.each(tools)("%s: with the secret of a program", async (tool) => {
    const words = [...args(tool, "client_credentials", "robot"), "--oidc-client-secret-file", "secret"]
    expectCode(await start(tool, words, "/usr/bin:/bin").finished, 0)
    await verified(tool, `${sandbox.services.oidc}/clients/robot`)
  })
})
