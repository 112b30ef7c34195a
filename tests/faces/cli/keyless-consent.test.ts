/** What a person is shown and asked before a signature becomes public. */
import { describe, expect, it } from "vitest"
import type { AppContext } from "../../../src/app/requests.ts"
import { ToolError } from "../../../src/core/errors.ts"
import { countersign } from "./memory-world.ts"

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
const CLAIMS = { sub: "1", email: "alice@example.com", email_verified: true }
const TOKEN = `${part({})}.${part(CLAIMS)}.c2ln`
const URLS = ["--fulcio-url", "https://ca.test", "--rekor-url", "https://log.test"]
const SIGN = ["sign", "--keyless", "--blob", "app.txt", "--bundle", "app.json", ...URLS]

/** Services that know Alice; certificates are refused, so that what comes after consent shows. */
function app(confirm: () => Promise<boolean>, asked: string[] = [], token = TOKEN): Partial<AppContext> {
  const nothing = (): Promise<never> => Promise.reject(new ToolError("E_SERVICE_REFUSED", { what: "no more today" }))
  const certify = (): Promise<never> => {
    asked.push("certificate")
    return nothing()
  }
  const get = (): Promise<unknown> => {
    asked.push("token")
    const claims = { issuer: "https://oidc.test", subject: "1", email: "alice@example.com", expires: 0 }
    return Promise.resolve({ token, source: "browser", claims })
  }
  const prompter = { interactive: true, confirm, text: nothing, password: nothing }
  const files = {
    read: nothing,
    stream: async function* stream() {
      await Promise.resolve()
      yield new TextEncoder().encode("an app")
    },
    size: () => Promise.resolve(6),
    exists: () => Promise.resolve(true),
    write: nothing,
  }
  const sigstore = { certificates: { certify }, tokens: { get }, logs: {}, trust: {} }
  return { prompter, files, sigstore } as unknown as Partial<AppContext>
}

describe("consent to what becomes public", () => {
  it("shows who is named and where, and goes on after yes", async () => {
    const asked: string[] = []
    const ran = await countersign(SIGN, { app: app(() => Promise.resolve(true), asked) })
    for (const text of [
      "nobody can take it back",
      "identity     alice@example.com at https://oidc.test (token: browser)",
      "issued by https://ca.test",
      "https://log.test (version 1): signature, certificate and hashes of what is signed",
      "signed       app.txt",
    ]) {
      expect(ran.stderr).toContain(text)
    }
    expect(asked).toEqual(["token", "certificate"])
    expect(ran.stderr).toContain("no more today")
    expect(ran.exit).toBe(3)
  })

  it("shows what a build's certificate may say of a private repository", async () => {
    const claims = { sub: "repo:acme/secret", repository: "acme/secret", workflow: "rel\u001b[2Jease" }
    const token = `${part({})}.${part(claims)}.c2ln`
    const ran = await countersign([...SIGN, "--preview"], { app: app(() => Promise.resolve(false), [], token) })
    expect(ran.exit).toBe(0)
    expect(ran.stdout.replaceAll(/\s+/g, " ")).toContain(
      "of the build the certificate may say: workflow rel\\x1b[2Jease, repository acme/secret",
    )
    expect(ran.stdout).not.toContain("\u001b")
  })

  it("stops after no", async () => {
    const asked: string[] = []
    const ran = await countersign(SIGN, { app: app(() => Promise.resolve(false), asked) })
    expect(asked).toEqual(["token"])
    expect(ran.stderr).toContain("E_DECLINED")
    expect(ran.exit).toBe(4)
  })

  it("does not ask after --yes, and with --quiet says nothing", async () => {
    const never = (): Promise<boolean> => Promise.reject(new Error("asked"))
    const told = await countersign([...SIGN, "--yes"], { app: app(never) })
    expect(told.stderr).toContain("alice@example.com")
    const quiet = await countersign([...SIGN, "-y", "-q"], { app: app(never) })
    expect(quiet.stderr).not.toContain("alice@example.com")
  })

  it("shows a plan on standard output with --preview", async () => {
    const asked: string[] = []
    const ran = await countersign([...SIGN, "--preview"], { app: app(() => Promise.resolve(true), asked) })
    expect(ran.exit).toBe(0)
    expect(ran.stdout).toContain("alice@example.com")
    expect(asked).toEqual(["token"])
  })

  it("shows no escape sequences of an identity provider", async () => {
    const evil = app(() => Promise.resolve(false))
    const claims = { ...CLAIMS, email: "\u001b[2Jalice\u202e@example.com" }
    const get = (): Promise<unknown> =>
      Promise.resolve({
        token: `${part({})}.${part(claims)}.c2ln`,
        source: "x",
        claims: { issuer: "\u001b[31m", expires: 0 },
      })
    const sigstore = { ...evil.sigstore, tokens: { get } } as unknown as AppContext["sigstore"]
    const ran = await countersign(SIGN, { app: { ...evil, sigstore } })
    expect(ran.stderr).toContain("alice")
    expect(ran.stderr).not.toContain("\u001b")
    expect(ran.stderr).not.toContain("\u202e")
  })
})
