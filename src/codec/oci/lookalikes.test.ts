import { describe, expect, it } from "vitest"
import { asToolError } from "../../core/errors.ts"
import { parseManifest } from "./manifest.ts"

const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const config = { mediaType: "text/plain", size: 2, digest: `sha256:${"0".repeat(64)}` }
const image = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [config] }

describe("adv: CVE-2021-41190 names that Go folds into known ones", () => {
  it.each([
    ["digeſt", { ...image, config: { ...config, digeſt: config.digest } }],
    ["manifeſts", { ...image, manifeſts: [] }],
    ["ſubject", { ...image, ſubject: config }],
    ["blobſ", { ...image, blobſ: [] }],
  ])("%s", (_name, document) => {
    let code = "accepted"
    try {
      parseManifest(new TextEncoder().encode(JSON.stringify(document)), MANIFEST)
    } catch (thrown) {
      code = asToolError(thrown).code
    }
    expect(code).toBe("E_FORMAT_MALFORMED")
  })
})
