import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { MIB } from "../../../core/limits.ts"
import { failure } from "../../net/test-servers.ts"
import { parseCompactToken } from "./compact-token.ts"
import { createIdentityTokens } from "./identity-tokens.ts"
import { makeContext } from "./test-context.ts"
import { sampleToken } from "./test-tokens.ts"

const folder = mkdtempSync(join(tmpdir(), "countersign-oidc-"))
const ctx = makeContext({ env: { SIGSTORE_ID_TOKEN: sampleToken({ sub: "ambient" }) } })
const tokens = createIdentityTokens(ctx)
const order = { issuer: "https://unused.example", clientId: "sigstore" }

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await ctx.close()
})

function file(text: string | Uint8Array): string {
  const path = join(folder, `file-${Math.random().toString(36).slice(2)}`)
  writeFileSync(path, text)
  return path
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
const rs256 = part({ alg: "RS256" })

describe("the token given", () => {
  it("comes before every other, itself or in a file", async () => {
    const token = sampleToken({ email: "a@example.com", email_verified: "true" })
    for (const given of [token, ` ${token}\n`, file(token), file(`${token}\n`)]) {
      const got = await tokens.get({ ...order, given })
      expect(got).toEqual({
        token,
        source: "--identity-token",
        claims: {
          issuer: "https://issuer.example",
          subject: "insecure-test-subject",
          email: "a@example.com",
          expires: 2_000_000_000,
        },
      })
    }
  })

  it("gives way when it is empty", async () => {
    expect((await tokens.get({ ...order, given: "" })).claims.subject).toBe("ambient")
  })

  it.each<[string, () => string, string, string]>([
    ["a file that is not there", () => join(folder, "none"), "E_OIDC_NO_TOKEN", "cannot be read"],
    ["another kind of token", () => "insecure-test-secret-of-another-kind", "E_OIDC_NO_TOKEN", "36 characters"],
    ["a folder", () => folder, "E_OIDC_NO_TOKEN", "cannot be read"],
    ["an empty file", () => file(""), "E_OIDC_REJECTED", "expected three parts"],
    ["a file of words", () => file("insecure-test-secret"), "E_OIDC_REJECTED", "expected three parts"],
    ["a huge file", () => file("a".repeat(MIB)), "E_OIDC_REJECTED", "too large"],
    ["a file that is no text", () => file(Uint8Array.of(0xff, 0xfe)), "E_OIDC_REJECTED", "not valid UTF-8"],
    ["adv: GHSA-f83f-xpx7-ffpw 1 MiB of dots", () => ".".repeat(MIB), "E_OIDC_REJECTED", "1048576 characters"],
    ["adv: GHSA-f83f-xpx7-ffpw a file of dots", () => file(".".repeat(16_000)), "E_OIDC_REJECTED", "three parts"],
    ["adv: GHSA-f83f-xpx7-ffpw two parts", () => `${rs256}.insecure-test-secret`, "E_OIDC_REJECTED", "three parts"],
    ["adv: GHSA-f83f-xpx7-ffpw four parts", () => `${sampleToken()}.x`, "E_OIDC_REJECTED", "three parts"],
    [
      "adv: GHSA-f83f-xpx7-ffpw 100,000 parts",
      () => `${rs256}${".a".repeat(100_000)}`,
      "E_OIDC_REJECTED",
      "characters",
    ],
    [
      "adv: GHSA-f83f-xpx7-ffpw a header of more than 8 KiB",
      () => sampleToken().replace(/^[^.]*/, part({ alg: "RS256", x: "x".repeat(8200) })),
      "E_OIDC_REJECTED",
      "its header has more than 8192 bytes",
    ],
    ["no algorithm", () => sampleToken().replace(/^[^.]*/, part({})), "E_OIDC_REJECTED", "signed with none"],
    ["a header that is no JSON", () => `eyJhIg.${part({})}.AAAA`, "E_OIDC_REJECTED", "header is not well-formed"],
    [
      "a header with members twice",
      () => `${btoa('{"alg":"RS256","alg":"none"}').replaceAll("=", "")}.e30.AAAA`,
      "E_OIDC_REJECTED",
      "header is not well-formed",
    ],
    ["a payload with padding", () => `${rs256}.e30=.AAAA`, "E_OIDC_REJECTED", "payload is not base64url"],
    ["a payload that is a list", () => `${rs256}.${part([])}.AAAA`, "E_OIDC_REJECTED", "payload is no JSON object"],
    ["no signature", () => `${rs256}.${part({})}.`, "E_OIDC_REJECTED", "signature is empty"],
    ["no issuer", () => sampleToken({ iss: undefined }), "E_OIDC_REJECTED", "claim iss"],
    ["an empty subject", () => sampleToken({ sub: "" }), "E_OIDC_REJECTED", "claim sub"],
    ["no expiry", () => sampleToken({ exp: "soon" }), "E_OIDC_REJECTED", "claim exp"],
    ["an address nobody verified", () => sampleToken({ email: "a@example.com" }), "E_OIDC_REJECTED", "not verified by"],
  ])("is refused: %s", async (_, given, code, words) => {
    const error = await failure(tokens.get({ ...order, given: given() }))
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
    expect(error.message.length).toBeLessThan(1000)
    expect(JSON.stringify([error.message, error.next, error.details])).not.toMatch(/eyJ|insecure-test-secret/)
  })

  it("comes from no provider when they are switched off, and one was asked for", async () => {
    const error = await failure(tokens.get({ ...order, noAmbient: true, provider: "envvar" }))
    expect(error.code).toBe("E_USAGE")
  })

  it("is needed by the flow token", async () => {
    const error = await failure(tokens.get({ ...order, noAmbient: true, flow: "token" }))
    expect(error.code).toBe("E_OIDC_NO_TOKEN")
  })
})

describe("adv: GHSA-f83f-xpx7-ffpw a token's size", () => {
  it("is looked at before its parts", () => {
    expect(() => parseCompactToken(".".repeat(8 * MIB), "it")).toThrow("characters")
  })
})
