import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { failure } from "../net/test-servers.ts"
import { openBrowser } from "./open-browser.ts"

const folder = mkdtempSync(join(tmpdir(), "countersign-browser-"))
const URL_TEXT = "https://login.example/auth?a=b&c=$(touch%20x);'\""

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A folder with an `xdg-open` that writes what it got, then does what `then` says. */
function starter(then: string): { readonly PATH: string; readonly seen: string } {
  const path = mkdtempSync(join(folder, "bin-"))
  const seen = join(path, "seen")
  const script = `#!/bin/sh\nprintf '%s|' "$#" "$@" "$SIGSTORE_ID_TOKEN$COSIGN_PASSWORD$KEPT" > ${seen}\n${then}\n`
  writeFileSync(join(path, "xdg-open"), script)
  chmodSync(join(path, "xdg-open"), 0o755)
  return { PATH: `${path}:/usr/bin:/bin`, seen }
}

describe.skipIf(process.platform === "win32")("opening a browser", () => {
  it("gives the URL as one argument, without a shell and without secrets", async () => {
    const { PATH, seen } = starter("exit 0")
    const env = { PATH, DISPLAY: ":0", SIGSTORE_ID_TOKEN: "insecure", COSIGN_PASSWORD: "insecure", KEPT: "kept" }
    await openBrowser(URL_TEXT, { env, platform: "linux" })
    expect(readFileSync(seen, "utf8")).toBe(`1|${new URL(URL_TEXT).href}|kept|`)
  })

  it("does not wait for a browser that keeps its starter", async () => {
    const { PATH, seen } = starter("exec sleep 2")
    await openBrowser(URL_TEXT, { env: { PATH, WAYLAND_DISPLAY: "w" }, platform: "linux", settledMs: 200 })
    await expect.poll(() => existsSync(seen)).toBe(true)
  })

  it.each<[string, string, Record<string, string>, string]>([
    ["no screen", "exit 0", {}, "this session has no screen"],
    ["the starter fails", "exit 3", { DISPLAY: ":0" }, "ended with status 3"],
    ["there is no starter", "", { DISPLAY: ":0", PATH: "/nonexistent" }, "cannot be run"],
  ])("fails: %s", async (_, then, env, words) => {
    const { PATH } = starter(then)
    const error = await failure(openBrowser(URL_TEXT, { env: { PATH, ...env }, platform: "linux" }))
    expect([error.code, error.message]).toEqual(["E_OIDC_NO_TOKEN", expect.stringContaining(words)])
  })

  it.each(["file:///etc/passwd", "javascript:alert(1)", "--help", ""])("opens no %s", async (url) => {
    const { PATH, seen } = starter("exit 0")
    const error = await failure(openBrowser(url, { env: { PATH, DISPLAY: ":0" }, platform: "linux" }))
    expect(error.code).toBe("E_INTERNAL")
    expect(existsSync(seen)).toBe(false)
  })
})
