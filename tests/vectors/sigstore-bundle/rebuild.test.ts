/** Bundles made by real signers, read and written again by us: the same members in the same order, the same values. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { buildBundle } from "../../../src/envelopes/bundle/build-bundle.ts"
import { BUNDLE_V03 } from "../../../src/envelopes/bundle/bundle.ts"
import { parseBundle } from "../../../src/envelopes/bundle/parse-bundle.ts"
import { keyHint, parsePublicKey } from "../../../src/crypto/public-key.ts"

const folder = fileURLToPath(new URL("../../../../shared/vectors/sigstore-bundle", import.meta.url))
const there = existsSync(folder)
if (!there) console.warn(`skipped: ${folder} is absent`)

/** Version 0.3 bundles whose text a protobuf encoder wrote; the negative ones are broken by hand, mostly in values. */
const cases = there
  ? readdirSync(folder)
      .filter((name) => existsSync(`${folder}/${name}/bundle.sigstore.json`))
      .map((name) => ({ name, text: readFileSync(`${folder}/${name}/bundle.sigstore.json`, "utf8") }))
      .filter(({ name, text }) => !name.endsWith("_fail") && /bundle(\+json;version=0\.3|\.v0\.3\+json)/.test(text))
  : []

describe.runIf(there)("bundles of real signers", () => {
  it("are enough", () => {
    expect(cases.length).toBeGreaterThan(5)
  })

  it.each(cases)("$name", ({ text }) => {
    const { material, logEntries, timestamps, content } = parseBundle(new TextEncoder().encode(text))
    const [certificate] = material.kind === "certificate" ? material.certificates : []
    const signer =
      material.kind === "public-key"
        ? { publicKeyHint: material.hint }
        : { certificate: certificate ?? new Uint8Array() }
    const built = buildBundle({ signer, logEntries, timestamps, content })
    const expected = JSON.parse(text) as Record<string, unknown>
    expected["mediaType"] = BUNDLE_V03
    expect(JSON.parse(new TextDecoder().decode(built))).toEqual(withoutDefaults(expected))
  })

  it("keeps the order of cosign's encoder", () => {
    const { text } = cases.find(({ name }) => name === "happy-path-v0.3") ?? { text: "{}" }
    const { material, logEntries, timestamps, content } = parseBundle(new TextEncoder().encode(text))
    const [certificate = new Uint8Array()] = material.kind === "certificate" ? material.certificates : []
    const built = buildBundle({ signer: { certificate }, logEntries, timestamps, content })
    const expected = JSON.stringify({ ...(JSON.parse(text) as object), mediaType: BUNDLE_V03 })
    expect(new TextDecoder().decode(built)).toBe(expected)
  })

  it("has nothing of services where none was asked", () => {
    const key = parsePublicKey(readFileSync(`${folder}/managed-key-and-trusted-root/key.pub`))
    const signature = Uint8Array.of(1, 2, 3)
    const bare = buildBundle({ signer: { publicKeyHint: keyHint(key) }, content: { kind: "message", signature } })
    expect(new TextDecoder().decode(bare)).toBe(
      `{"mediaType":"${BUNDLE_V03}","verificationMaterial":{"publicKey":{"hint":"${keyHint(key)}"}},` +
        `"messageSignature":{"signature":"AQID"}}`,
    )
  })
})

/** What protobuf leaves out: empty lists, texts and numbers, and messages without members. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults)
  if (typeof value !== "object" || value === null) return value
  const members = Object.entries(value)
    .map(([name, item]) => [name, withoutDefaults(item)] as const)
    .filter(([, item]) => item !== "" && item !== "0" && !(Array.isArray(item) && item.length === 0) && !isEmpty(item))
  return Object.fromEntries(members)
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0
}
