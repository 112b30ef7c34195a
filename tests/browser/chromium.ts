/** Finds and starts a real Chromium; says loudly when there is none. */
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { chromium, type Browser } from "playwright-core"

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]

/** Path of the browser: CHROMIUM, else on PATH; `undefined` after a warning. */
export function findChromium(): string | undefined {
  const named = process.env["CHROMIUM"]
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "")
  const usual = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  const found = (named === undefined || named === "" ? usual : [named]).find(isExecutable)
  if (found === undefined) {
    console.warn(`MISSING BROWSER: neither CHROMIUM nor ${NAMES.join(", ")} on PATH; tests in a browser are skipped`)
  }
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Start it without a window. Nothing it does leaves this host. */
export function startChromium(executablePath: string): Promise<Browser> {
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
  ]
  return chromium.launch({ executablePath, args })
}
