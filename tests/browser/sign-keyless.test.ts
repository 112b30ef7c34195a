/** The command line's login, from the command to the browser and back to the terminal. */
import { spawn } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Browser } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestSandbox, type TestSandbox } from "../../src/testing/sandbox/test-sandbox.ts"
import { findChromium, startChromium } from "./chromium.ts"

const executable = findChromium()
const MAIN = fileURLToPath(new URL("../../src/bin/main.ts", import.meta.url))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that "opens a browser": writes the URL down, whole or not at all. */
function makeOpener(folder: string): { readonly PATH: string; readonly seen: string } {
  const seen = join(folder, "url")
  const opener = join(folder, "xdg-open")
  writeFileSync(opener, `#!/bin/sh\nprintf %s "$1" > "${seen}.part" && mv "${seen}.part" "${seen}"\n`)
  chmodSync(opener, 0o755)
  return { PATH: `${folder}:/usr/bin:/bin`, seen }
}

describe.skipIf(executable === undefined)("countersign sign --keyless", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-login-"))
  const file = join(folder, "file")
  let browser: Browser
  let sandbox: TestSandbox

  beforeAll(async () => {
    writeFileSync(file, "content\n")
    browser = await startChromium(executable ?? "")
    sandbox = await startTestSandbox()
  })

  afterAll(async () => {
    await browser.close()
    await sandbox.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** The command, while a person does something with the page that it opens. */
  async function sign(extra: readonly string[], person: (url: string) => Promise<void>): Promise<Ended> {
    const { PATH, seen } = makeOpener(mkdtempSync(join(folder, "run-")))
    const services = ["--signing-config", sandbox.files.signingConfig, "--trusted-root", sandbox.files.trustedRoot]
    const args = [MAIN, "sign", "--keyless", "--blob", file, "--yes", ...services, ...extra]
    const child = spawn(process.execPath, args, {
      env: { PATH, DISPLAY: ":0", HOME: folder, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    })
    const chunks = { stdout: "", stderr: "" }
    child.stdout.on("data", (chunk: Buffer) => (chunks.stdout += chunk.toString("utf8")))
    child.stderr.on("data", (chunk: Buffer) => (chunks.stderr += chunk.toString("utf8")))
    const ended = new Promise<Ended>((resolve) => {
      child.once("close", (code) => {
        resolve({ code, ...chunks })
      })
    })
    const opened = expect.poll(() => readIfThere(seen), { timeout: 30_000 }).toMatch(/^http/)
    await Promise.race([opened, ended])
    await person(readIfThere(seen))
    return ended
  }

  function readIfThere(path: string): string {
    try {
      return readFileSync(path, "utf8")
    } catch {
      return ""
    }
  }

  it("opens the browser, verifies the identity and writes the bundle", async () => {
    const bundle = join(folder, "file.sigstore.json")
    const page = await browser.newPage()
    const ended = await sign(["--oidc-flow", "normal", "--bundle", bundle], async (url) => {
      await page.goto(url)
      await page.getByLabel("E-mail address").fill("alice@example.com")
      await page.getByRole("button", { name: "Log in" }).click()
      await page.getByRole("heading", { name: "Signing identity verified!" }).waitFor()
    })
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stderr).toContain("Log in with the browser window that opens.")
    expect(`${ended.stdout}${ended.stderr}`).toContain("alice@example.com")
    expect(`${ended.stdout}${ended.stderr}`).not.toMatch(/eyJ/)
    expect(readFileSync(bundle, "utf8")).toContain("application/vnd.dev.sigstore.bundle")
  })

  it("ends with the reason when the person denies it, and writes nothing", async () => {
    const bundle = join(folder, "denied.sigstore.json")
    const page = await browser.newPage()
    const ended = await sign(["--oidc-flow", "normal", "--bundle", bundle], async (url) => {
      await page.goto(url)
      await page.getByRole("button", { name: "Deny" }).click()
      await page.getByRole("heading", { name: "The login did not succeed" }).waitFor()
    })
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain("error: the login was denied [E_OIDC_PERMISSION]")
    expect(readIfThere(bundle)).toBe("")
  })
})
