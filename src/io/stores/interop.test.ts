import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterAll, beforeAll, describe as suite, expect, it } from "vitest"

import type { Descriptor } from "../../core/descriptor.ts"
import type { SignatureStore } from "../../core/ports.ts"
import { createHttpClient } from "../net/http-client.ts"
import { findTool, runTool, startDistribution, type Distribution } from "../registry/test-distribution.ts"
import { clientOf, MANIFEST_TYPE, pushSubject, referrerOf, sha256 } from "../registry/test-registry.ts"
import { collecting, type Collected } from "./test-collecting-store.ts"
import { createStores } from "./create-stores.ts"

const distribution = findTool("docker-registry")
const cosign2 = findTool("cosign2")
const cosign3 = findTool("cosign3")
const oras = findTool("oras")
const absent = [distribution, cosign2, cosign3, oras].includes(undefined)

const WANTED = [
  "application/vnd.dev.sigstore.bundle*",
  "application/vnd.dev.cosign.simplesigning.v1+json",
  "application/vnd.dsse.envelope.v1+json",
]

suite.skipIf(absent)("what cosign 2.5 and 3.1 stored on distribution 2.8", () => {
  let registry: Distribution
  let subject: Descriptor
  let folder = ""
  let env: Record<string, string> = {}
  const http = createHttpClient({ userAgent: "countersign-test/0" })

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-interop-"))
    env = { HOME: folder, COSIGN_PASSWORD: "", COSIGN_YES: "true" }
    registry = await startDistribution(distribution ?? "")
    subject = await pushSubject(clientOf(registry.host))
    const name = `${registry.host}/team/app@${subject.digest}`
    runTool(cosign2 ?? "", ["generate-key-pair", "--output-key-prefix", join(folder, "insecure-test")], env)
    const key = ["--key", join(folder, "insecure-test.key")]
    const config = join(folder, "signing-config.json")
    writeFileSync(config, '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}')
    const predicate = join(folder, "predicate.json")
    writeFileSync(predicate, "{}")
    runTool(cosign2 ?? "", ["sign", "--tlog-upload=false", ...key, name], env)
    runTool(cosign2 ?? "", ["attest", "--tlog-upload=false", "--predicate", predicate, ...key, name], env)
    runTool(cosign3 ?? "", ["sign", "--signing-config", config, ...key, name], env)
  }, 60_000)
  afterAll(async () => {
    await registry.stop()
    await http.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const ask = async (kind: SignatureStore["kind"], signs: "signature" | "attestation"): Promise<Collected> => {
    const all = createStores({
      http: () => http,
      style: "cosign",
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
      clock: { now: Date.now },
      randomness: { bytes: (size) => new Uint8Array(randomBytes(size)) },
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
    })
    const where = all.repository(`${registry.host}/team/app`)
    const formats = ["cosign-v2", "cosign-v3"]
    const store = all
      .signatures(where, { kind: signs, formats, attachmentBytes: 1 << 20 })
      .find((one) => one.kind === kind)
    return collecting(store!).find(subject, WANTED)
  }

  it("has no referrers API", async () => {
    expect((await ask("referrers-api", "signature")).report.outcome).toBe("unsupported")
  })

  it("finds the .sig layer with its signature", async () => {
    const { report, signatures } = await ask("signature-tag", "signature")
    expect(report).toMatchObject({ outcome: "found", count: 1 })
    expect(new TextDecoder().decode(signatures[0]?.bytes)).toContain(`"docker-manifest-digest":"${subject.digest}"`)
    expect(signatures[0]?.annotations["dev.cosignproject.cosign/signature"]).toMatch(/^MEU|^MEQ|^ME/)
  })

  it("finds the .att envelope", async () => {
    const { report, signatures } = await ask("attestation-tag", "attestation")
    expect(report).toMatchObject({ outcome: "found", count: 1 })
    expect(signatures[0]?.mediaType).toBe("application/vnd.dsse.envelope.v1+json")
  })

  it(
    "finds the bundle although the index calls it empty, and keeps it when we attach",
    { timeout: 30_000 },
    async () => {
      const { report, signatures } = await ask("referrers-tag", "signature")
      expect(report).toMatchObject({ outcome: "found", count: 1 })
      expect(signatures[0]?.artifactType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json")
      expect(signatures[0]?.annotations["dev.sigstore.bundle.predicateType"]).toBe(
        "https://sigstore.dev/cosign/sign/v1",
      )
      const client = clientOf(registry.host)
      const ours = await referrerOf(client, subject, "sbom", "application/spdx+json")
      expect((await client.attach(ours, MANIFEST_TYPE)).via).toBe("referrers-tag")
      const name = `${registry.host}/team/app@${subject.digest}`
      const seen = runTool(oras ?? "", ["discover", "--plain-http", "--format", "json", name])
      expect(seen).toContain(sha256(ours))
      expect(seen).toContain('"application/spdx+json"')
      const key = join(folder, "insecure-test.pub")
      const verified = runTool(cosign3 ?? "", ["verify", "--key", key, "--insecure-ignore-tlog=true", name], env)
      expect(verified).toContain(subject.digest)
    },
  )

  it("takes a tag away that cosign wrote, by digest", async () => {
    const client = clientOf(registry.host)
    const tag = `sha256-${subject.digest.slice(7)}.att`
    const state = await client.readTag(tag)
    expect(await client.deleteManifest(state!.manifest.descriptor.digest)).toBe(true)
    expect(await client.readTag(tag)).toBeUndefined()
  })
})
