import { spawn } from "node:child_process"
import { ToolError } from "../../core/errors.ts"
import { childEnvironment } from "./child-environment.ts"

/** Milliseconds after which a starter that still runs is taken for the browser itself. */
const SETTLED_MS = 3000

/** What CI jobs ask for identity tokens with, which no browser needs. */
const TOKENS = /^(?:ACTIONS_ID_TOKEN_REQUEST_TOKEN|ACTIONS_RUNTIME_TOKEN|BUILDKITE_AGENT_ACCESS_TOKEN)$/i

/** What decides how a browser is opened. */
export interface BrowserFacts {
  readonly env: Readonly<Record<string, string | undefined>>
  /** `process.platform`. */
  readonly platform: string
  /** Milliseconds; default 3 s. */
  readonly settledMs?: number
}

/**
 * Show a URL in the person's browser, with the program each system has for that, and never by a shell.
 *
 * @param url - http or https.
 * @throws {ToolError} `E_OIDC_NO_TOKEN` when there is no browser or it could not be started; `E_INTERNAL` for another URL.
 */
export async function openBrowser(url: string, facts: BrowserFacts): Promise<void> {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) {
    throw new ToolError("E_INTERNAL", { what: "not a URL for a browser" })
  }
  const starter = starterOf(facts)
  if (starter === undefined) throw noBrowser("this session has no screen")
  const [program, ...before] = starter
  // The parsed form begins with its scheme and has no spaces: it cannot be taken for an option.
  await run(program, [...before, parsed.href], facts)
}

function noBrowser(why: string): ToolError {
  return new ToolError("E_OIDC_NO_TOKEN", {
    what: "no browser could be opened",
    why,
    next: ["open the page by hand, or log in on another device with `--oidc-flow device`"],
  })
}

function starterOf({ env, platform }: BrowserFacts): readonly [string, ...string[]] | undefined {
  if (platform === "darwin") return ["open"]
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"]
  const screens = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"]
  // Without a screen the starter would look for a browser in the terminal, which belongs to this program.
  return screens.some((name) => (env[name] ?? "") !== "") ? ["xdg-open"] : undefined
}

function run(program: string, args: readonly string[], facts: BrowserFacts): Promise<void> {
  const hidden = childEnvironment(facts.env, { keyPasswords: false })
  const env = Object.fromEntries(Object.entries(hidden).filter(([name]) => !TOKENS.test(name)))
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: "ignore", detached: true, shell: false, windowsHide: true })
    const timer = setTimeout(() => {
      child.unref()
      resolve()
    }, facts.settledMs ?? SETTLED_MS)
    child.once("error", (error) => {
      clearTimeout(timer)
      reject(noBrowser(`${program} cannot be run: ${error.message}`))
    })
    child.once("exit", (code) => {
      clearTimeout(timer)
      if (code === 0) resolve()
      else reject(noBrowser(`${program} ended with status ${code ?? "none"}`))
    })
  })
}
