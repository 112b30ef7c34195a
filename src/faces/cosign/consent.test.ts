import { describe, expect, it } from "vitest"
import type { AppContext } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import type { IdentityToken } from "../../core/sigstore-ports.ts"
import { consentOf } from "./consent.ts"
import type { FaceInvocation } from "./face-invocation.ts"
import { loginWords } from "./login-words.ts"
import { onceTokens } from "./once-tokens.ts"
import { imageTarget } from "./targets.ts"
import { tokenOrder, warnOfIdentity } from "./token-order.ts"

const refuse = (): Promise<never> => Promise.reject(new ToolError("E_REGISTRY_DENIED", { what: "denied" }))

/** An invocation as far as consent and logins look at it. */
function fake(
  given: Readonly<Record<string, string | boolean>>,
  input = "",
  strangers = true,
): { readonly invocation: FaceInvocation; readonly said: { stdout: string; stderr: string } } {
  const said = { stdout: "", stderr: "" }
  const stream = (name: "stdout" | "stderr"): FaceInvocation["world"]["stdout"] => ({
    isTTY: false,
    columns: 80,
    write: (chunk) => {
      said[name] += String(chunk)
      return Promise.resolve()
    },
  })
  const values: Readonly<Record<string, string | boolean>> = { "tlog-upload": true, yes: false, ...given }
  let left = input
  const read = (): Promise<Uint8Array> => {
    const bytes = new TextEncoder().encode(left)
    left = ""
    return Promise.resolve(bytes)
  }
  const app = (resolve: () => Promise<unknown>): (() => Promise<AppContext>) => {
    const stores = { content: () => ({ resolve }) }
    return () => Promise.resolve({ stores } as unknown as AppContext)
  }
  const found = (): Promise<unknown> => Promise.resolve({ digest: "sha256:00" })
  const invocation = {
    flags: {
      bool: (name: string) => values[name] === true,
      string: (name: string) => (typeof values[name] === "string" ? values[name] : ""),
      given: (name: string) => Object.hasOwn(given, name),
    },
    world: { stdin: { isTTY: false, read }, stdout: stream("stdout"), stderr: stream("stderr") },
    open: app(found),
    openAnonymous: app(strangers ? found : refuse),
  } as unknown as FaceInvocation
  return { invocation, said }
}

const target = imageTarget("registry.example/team/app:1")
const PRIVATE =
  'WARNING: "registry.example/team/app" appears to be a private repository, please confirm uploading to the transparency log at "https://rekor.example"\n'
const PROMPT = "Are you sure you would like to continue? [y/N] "

describe("consent to a log", () => {
  it("is asked for once, with the statement", async () => {
    const { invocation, said } = fake({}, "y\n")
    const consent = consentOf(invocation, "upload to tlog: ")
    expect([await consent.log(target), await consent.log(target)]).toEqual([true, true])
    expect(said.stderr.split("By typing 'y'")).toHaveLength(2)
    expect(said.stderr.split(PROMPT)).toHaveLength(2)
  })

  it("is given with --yes, which shows the statement all the same and looks at no strangers", async () => {
    const { invocation, said } = fake({ yes: true }, "", false)
    expect(await consentOf(invocation, "").log(target)).toBe(true)
    expect(said.stderr).toContain("The sigstore service, hosted by sigstore")
    expect(said.stderr).not.toContain(PROMPT)
  })

  it("is not needed where nothing is logged", async () => {
    const { invocation, said } = fake({ "tlog-upload": false })
    expect(await consentOf(invocation, "").log(target)).toBe(false)
    expect(said.stderr).toBe("")
  })

  it.each(["", "n\n", "N\n", "\n"])("is refused by %j", async (input) => {
    const { invocation } = fake({}, input)
    await expect(consentOf(invocation, "upload to tlog: ").log()).rejects.toThrow(
      "upload to tlog: user declined the prompt",
    )
  })

  it("is not read out of other words", async () => {
    const { invocation } = fake({}, "yes\n")
    await expect(consentOf(invocation, "").log()).rejects.toThrow('invalid input "yes" (allowed values y, n)')
  })

  it.each(["", "n\n", "maybe\n"])("about an image that strangers cannot see: %j logs nothing", async (input) => {
    const { invocation, said } = fake({ "rekor-url": "https://rekor.example" }, input, false)
    expect(await consentOf(invocation, "").log(target)).toBe(false)
    expect(said.stderr).toBe(`${PRIVATE}${PROMPT}not uploading to transparency log\n`)
  })

  it("about an image that strangers cannot see is asked for twice", async () => {
    const { invocation, said } = fake({ "rekor-url": "https://rekor.example" }, "y\n", false)
    await expect(consentOf(invocation, "").log(target)).rejects.toThrow("user declined the prompt")
    expect(said.stderr.startsWith(`${PRIVATE}${PROMPT}\n\tThe sigstore service`)).toBe(true)
  })
})

describe("a login", () => {
  it("speaks in the peer's words", async () => {
    const { invocation, said } = fake({ yes: true }, "  code-1 \n")
    const words = loginWords(invocation, consentOf(invocation, ""), () => Promise.resolve())
    await words.deviceChosen()
    await words.browserOpened("https://login.example/?a=b")
    await words.browserFailed("no-browser", "no such program")
    await words.browserFailed("timeout", "timeout")
    expect(await words.outOfBand("https://login.example/oob")).toBe("code-1")
    await words.deviceCode({ userCode: "ABCD", url: "https://login.example/device", expiresIn: 300 })
    await words.received()
    expect(said.stderr).toBe(
      [
        "Non-interactive mode detected, using device flow.",
        "Your browser will now be opened to:\nhttps://login.example/?a=b",
        "error opening browser: no such program",
        "error getting code from local server: timeout",
        "Go to the following link in a browser:\n\n\t https://login.example/oob",
        "Enter verification code: \n",
      ].join("\n"),
    )
    expect(said.stdout).toBe(
      "Enter the verification code ABCD in your browser at: https://login.example/device\nCode will be valid for 300 seconds\nToken received!\n",
    )
  })

  it("in a browser shows the statement first, once", async () => {
    const { invocation, said } = fake({}, "y\n")
    const consent = consentOf(invocation, "")
    const words = loginWords(invocation, consent, () => Promise.resolve())
    await words.browserChosen?.()
    expect(await consent.log()).toBe(true)
    expect(said.stderr.split("By typing 'y'")).toHaveLength(2)
    const other = fake({}, "n\n")
    const declined = loginWords(other.invocation, consentOf(other.invocation, ""), () => Promise.resolve())
    await expect(declined.browserChosen?.()).rejects.toThrow("user declined the prompt")
  })

  it("takes what the flags say", () => {
    const { invocation } = fake({
      "identity-token": "t",
      "oidc-client-id": "me",
      "oidc-provider": "envvar",
      "oidc-client-secret-file": "secret",
      "oidc-redirect-url": "http://localhost:1/x",
      "oidc-disable-ambient-providers": true,
      "fulcio-auth-flow": "device",
    })
    expect(tokenOrder(invocation, consentOf(invocation, ""))).toMatchObject({
      given: "t",
      clientId: "me",
      provider: "envvar",
      clientSecretFile: "secret",
      redirectUrl: "http://localhost:1/x",
      noAmbient: true,
      flow: "device",
    })
  })

  it("is no part of signing with a key", async () => {
    const { invocation, said } = fake({ "identity-token": "t", "oidc-disable-ambient-providers": false })
    await warnOfIdentity(invocation)
    expect(said.stderr).toBe("WARNING: --identity-token is not used when signing with --key\n")
  })
})

describe("a token", () => {
  it("is used again until it ends", async () => {
    let asked = 0
    const claims = { issuer: "https://issuer.example", subject: "me", expires: 1000 }
    const source = (): Promise<IdentityToken> => Promise.resolve({ token: `t${++asked}`, source: "envvar", claims })
    let now = 0
    const tokens = onceTokens({ get: source }, { now: () => now })
    const order = { issuer: "https://issuer.example", clientId: "sigstore" }
    expect([(await tokens.get(order)).token, (await tokens.get(order)).token]).toEqual(["t1", "t1"])
    now = 995_000
    expect((await tokens.get(order)).token).toBe("t2")
  })

  it("that could not be had is asked for again", async () => {
    let asked = 0
    const tokens = onceTokens(
      { get: () => (asked++ === 0 ? refuse() : Promise.reject(new Error("again"))) },
      { now: () => 0 },
    )
    const order = { issuer: "https://issuer.example", clientId: "sigstore" }
    await expect(tokens.get(order)).rejects.toThrow("denied")
    await expect(tokens.get(order)).rejects.toThrow("again")
  })
})
