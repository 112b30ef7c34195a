import { describe, expect, it } from "vitest"
import { asToolError, type ToolError } from "../../core/errors.ts"
import type { SigningConfig, SigningService } from "../../core/sigstore.ts"
import { chooseServices } from "./choose-services.ts"

const AT = Date.UTC(2026, 10, 20)
const rules = { at: AT, randomness: { bytes: (count: number) => new Uint8Array(count) }, keyless: true }

function service(url: string, changes: Partial<SigningService> = {}): SigningService {
  return { url, majorApiVersion: 1, validFor: { start: 0 }, operator: url, ...changes }
}

const config: SigningConfig = {
  certificateAuthorities: [service("https://ca.test")],
  oidcProviders: [service("https://oidc.test")],
  logs: [service("https://log1.test"), service("https://log2.test", { majorApiVersion: 2 })],
  logSelection: { selector: "ANY" },
  timestampAuthorities: [service("https://tsa.test/a"), service("https://tsa.test/b")],
  timestampSelection: { selector: "ALL" },
}

function refusal(changes: Partial<SigningConfig>): ToolError {
  try {
    chooseServices({ ...config, ...changes }, rules)
  } catch (thrown) {
    return asToolError(thrown)
  }
  throw new Error("it was accepted")
}

describe("services of a signing config", () => {
  it("are chosen by version and selector", () => {
    expect(chooseServices(config, rules)).toEqual({
      authority: { url: "https://ca.test", api: 2 },
      issuer: "https://oidc.test",
      logs: [{ url: "https://log2.test", majorApiVersion: 2 }],
      timestamps: ["https://tsa.test/a", "https://tsa.test/b"],
    })
  })

  it.each([0, 0x7f, 0x80, 0xff])("are picked at random, whatever the randomness (%i)", (byte) => {
    const randomness = { bytes: (count: number) => new Uint8Array(count).fill(byte) }
    const { logs } = chooseServices(
      { ...config, logs: [service("https://a.test"), service("https://b.test")] },
      { ...rules, randomness },
    )
    expect(logs).toHaveLength(1)
  })

  it("have no authority for a key, and nothing of what the config lists none of", () => {
    const bare = { ...config, logs: [], timestampAuthorities: [], certificateAuthorities: [], oidcProviders: [] }
    expect(chooseServices(bare, { ...rules, keyless: false })).toEqual({ logs: [], timestamps: [] })
  })

  it.each<[string, Partial<SigningConfig>]>([
    ["no authority", { certificateAuthorities: [] }],
    [
      "an authority of the future",
      { certificateAuthorities: [service("https://a.test", { validFor: { start: AT + 1 } })] },
    ],
    [
      "an authority of the past",
      { certificateAuthorities: [service("https://a.test", { validFor: { start: 0, end: 1 } })] },
    ],
    [
      "an authority that speaks something else",
      { certificateAuthorities: [service("https://a.test", { majorApiVersion: 9 })] },
    ],
    ["logs that have all ended", { logs: [service("https://a.test", { validFor: { start: 0, end: 1 } })] }],
    ["more authorities than there are", { timestampSelection: { selector: "EXACT", count: 3 } }],
    ["none of the authorities", { timestampSelection: { selector: "EXACT", count: 0 } }],
  ])("refuses %s", (_, changes) => {
    expect(refusal(changes).code).toBe("E_CONFIG_INVALID")
  })
})
