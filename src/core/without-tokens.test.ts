import { describe, expect, it } from "vitest"
import { withoutTokens } from "./without-tokens.ts"

const TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"

describe("text without tokens", () => {
  it.each<[string, string]>([
    [`the token ${TOKEN} is invalid`, "the token (token) is invalid"],
    [`"${TOKEN}"`, '"(token)"'],
    [`Bearer ${TOKEN},${TOKEN}`, "Bearer (token),(token)"],
    [TOKEN.slice(0, 40), "(token)"],
    ["oauth2.sigstore.dev/auth", "oauth2.sigstore.dev/auth"],
    ["eyes.example.com is not eyJ", "eyes.example.com is not eyJ"],
    ["sha256:0123.4567.89ab", "sha256:0123.4567.89ab"],
  ])("%s", (text, expected) => {
    expect(withoutTokens(text)).toBe(expected)
  })

  it("adv: ReDoS takes linear time", () => {
    const text = "ey-".repeat(200_000)
    expect(withoutTokens(text)).toBe(text)
  })
})
