import { describe, expect, it } from "vitest"
import type { SigstorePlan } from "../../../app/sigstore/signing.ts"
import { planLines, planMembers } from "./plan.ts"

const PLAN: SigstorePlan = {
  identity: {
    issuer: "https://oidc.test",
    name: "alice@example.com",
    source: "browser",
    authority: "https://ca.test",
    claims: {},
  },
  logs: [{ url: "https://log.test", majorApiVersion: 1 }],
  timestamps: ["https://tsa.test/ts"],
  items: [
    {
      artifact: "r.test/app:1",
      digest: "sha256:ab",
      format: "cosign-v3",
      annotations: { x: "y" },
      published: "hashes",
    },
  ],
}

describe("what becomes public", () => {
  it("names identity, services and artifacts", () => {
    expect(planLines(PLAN, 200)).toEqual([
      "this becomes public, and nobody can take it back:",
      "  identity     alice@example.com at https://oidc.test (token: browser)",
      "  certificate  names the identity; issued by https://ca.test, which logs every certificate",
      "  log entry    https://log.test (version 1): signature, certificate and hashes of what is signed",
      "  timestamp    https://tsa.test/ts is shown a hash of the signature",
      "  signed       r.test/app:1 sha256:ab as cosign-v3 with x=y",
    ])
  })

  it("names a key where there is no identity", () => {
    const lines = planLines({ logs: PLAN.logs, timestamps: [], items: PLAN.items, key: "SHA256:abc" }, 200)
    expect(lines).toContain("  key        public key SHA256:abc")
    expect(lines).toContain(
      "  log entry  https://log.test (version 1): signature, public key and hashes of what is signed",
    )
  })

  it("says when a log keeps the whole statement", () => {
    const items = PLAN.items.map((item) => ({ ...item, published: "statement" as const }))
    expect(planLines({ ...PLAN, items }, 200).join()).toContain("certificate and the whole signed statement")
  })

  it("is null in documents where there is nothing", () => {
    expect(planMembers({ logs: [], timestamps: [], items: [] })).toEqual({
      identity: null,
      key: null,
      certificate: null,
      logs: [],
      timestamps: [],
      items: [],
    })
    expect(planMembers(PLAN)).toMatchObject({ identity: { name: "alice@example.com" }, logs: [{ version: 1 }] })
  })

  it.each(["\u001b[2J", "\u202e", "\u009b31m", "\r"])("lets no text write to the terminal by itself: %j", (text) => {
    const lines = planLines(
      {
        identity: { issuer: text, name: text, source: text, authority: text, claims: { [text]: text } },
        key: "SHA256:abc",
        logs: [{ url: text, majorApiVersion: 2 }],
        timestamps: [text],
        items: [{ artifact: text, annotations: { [text]: text }, published: "hashes" }],
      },
      200,
    )
    expect(lines.join("\n")).not.toContain(text)
  })
})
