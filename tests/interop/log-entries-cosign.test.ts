/** Log entries as real cosign 2.5 and 3.1 have them made and keep them: every kind, both forms, with a key. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { decodeHex } from "../../src/codec/hex.ts"
import type { PublicKey } from "../../src/core/ports.ts"
import type { TrustedLog } from "../../src/core/sigstore.ts"
import { digestOf } from "../../src/crypto/hash.ts"
import { parsePublicKey } from "../../src/crypto/public-key.ts"
import { parseBundle } from "../../src/envelopes/bundle/parse-bundle.ts"
import { parseLegacyBundle } from "../../src/envelopes/bundle/legacy-bundle.ts"
import { parseEnvelope } from "../../src/envelopes/dsse/envelope.ts"
import { parseEntryBody } from "../../src/envelopes/log-entry/parse-entry-body.ts"
import { parseTrustedRoot } from "../../src/envelopes/trusted-root/trusted-root.ts"
import { startTestSandbox, type TestSandbox } from "../../src/testing/index.ts"
import { judgeLogEntries, type LogQuestion } from "../../src/trust/sigstore/log-entries.ts"
import { expectCode, havePeers, peer, type Finished } from "./peers.ts"

const ARTIFACT = "an app\n"
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.runIf(havePeers("cosign2", "cosign3"))("log entries of cosign", () => {
  let sandbox: TestSandbox
  let home: string
  let key: PublicKey
  let logs: readonly TrustedLog[]

  beforeAll(async () => {
    sandbox = await startTestSandbox()
    home = await mkdtemp(join(tmpdir(), "countersign-interop-"))
    await writeFile(join(home, "app.txt"), ARTIFACT)
    await writeFile(join(home, "predicate.json"), '{"hello":"world"}')
    expectCode(await run("cosign2", "generate-key-pair"), 0)
    key = parsePublicKey(await read("cosign.pub"))
    logs = parseTrustedRoot(new Uint8Array(await readFile(sandbox.files.trustedRoot))).tlogs
  })

  afterAll(async () => {
    await sandbox.close()
    await rm(home, { recursive: true, force: true })
  })

  const run = (tool: "cosign2" | "cosign3", ...args: readonly string[]): Promise<Finished> =>
    peer(tool, args, { cwd: home, env: { ...(tool === "cosign2" ? sandbox.environment : {}), COSIGN_PASSWORD: "" } })
  const read = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(join(home, name)))

  /** What must be refused of a question that holds: other content, another signature, nobody trusted. */
  function expectTied(question: LogQuestion): void {
    const { findings, verified } = judgeLogEntries(question)
    expect(findings).toMatchObject([{ outcome: "passed" }])
    expect(verified).toHaveLength(1)
    const { signed } = question
    const other = digestOf("sha512", signed.signature)
    const content: LogQuestion["signed"]["content"] =
      signed.content.kind === "message"
        ? { kind: "message", digests: { sha256: digestOf("sha256", other) } }
        : { ...signed.content, payload: other }
    const changed: LogQuestion[] = [
      { ...question, signed: { ...signed, content } },
      { ...question, signed: { ...signed, signature: other } },
      { ...question, logs: [] },
      { ...question, required: 2 },
    ]
    for (const item of changed) expect(judgeLogEntries(item).findings.at(-1)).toMatchObject({ outcome: "failed" })
  }

  async function legacy(file: string): Promise<LogQuestion & { readonly kind: string }> {
    const { signature, rekorBundle } = parseLegacyBundle(await read(file))
    const { body, logId, ...rest } = rekorBundle!
    const said = parseEntryBody(body)
    const entry = {
      ...rest,
      kind: "",
      version: "",
      logId: decodeHex(logId, { max: 32, what: "log" }),
      canonicalizedBody: body,
    }
    const shared = {
      entries: [entry],
      form: "legacy",
      logs,
      required: 1,
      kind: `${said.kind} ${said.version}`,
    } as const
    if (said.kind === "hashedrekord") {
      const digests = { sha256: digestOf("sha256", utf8(ARTIFACT)) }
      return { ...shared, signed: { signature, verifier: { key }, content: { kind: "message", digests } } }
    }
    const { payload, payloadType, signatures } = parseEnvelope(signature)
    const content = { kind: "envelope", payload, payloadType, envelope: signature } as const
    return { ...shared, signed: { signature: signatures[0]!.sig, verifier: { key }, content } }
  }

  const rekor = (): readonly string[] => ["-y", "--key", "cosign.key", "--rekor-url", sandbox.services.rekor]

  it("hold what cosign 2 has of a blob", async () => {
    expectCode(await run("cosign2", "sign-blob", ...rekor(), "--bundle", "blob.json", "app.txt"), 0)
    const question = await legacy("blob.json")
    expect(question.kind).toBe("hashedrekord 0.0.1")
    expectTied(question)
  })

  it("hold what cosign 2 has of an attestation", async () => {
    const what = ["--predicate", "predicate.json", "--type", "https://example.com/p", "--rekor-entry-type", "dsse"]
    expectCode(await run("cosign2", "attest-blob", ...rekor(), ...what, "--bundle", "att.json", "app.txt"), 0)
    const question = await legacy("att.json")
    expect(question.kind).toBe("dsse 0.0.1")
    expectTied(question)
  })

  it.each(["v1", "v2"] as const)("hold what cosign 3 has of blobs and attestations, log %s", async (version) => {
    const file = version === "v1" ? sandbox.files.signingConfig : sandbox.files.signingConfigV2
    const services = [
      "-y",
      "--key",
      "cosign.key",
      "--signing-config",
      file,
      "--trusted-root",
      sandbox.files.trustedRoot,
    ]
    const what = ["--predicate", "predicate.json", "--type", "https://example.com/p"]
    expectCode(await run("cosign3", "sign-blob", ...services, "--bundle", `${version}.json`, "app.txt"), 0)
    expectCode(
      await run("cosign3", "attest-blob", ...services, ...what, "--bundle", `${version}.att.json`, "app.txt"),
      0,
    )
    for (const name of [`${version}.json`, `${version}.att.json`]) {
      const { content, logEntries } = parseBundle(await read(name))
      const shared = { entries: logEntries, form: "bundle", logs, required: 1 } as const
      if (content.kind === "dsse") {
        const { payload, payloadType, signature } = content
        const signed = { signature: signature.sig, content: { kind: "envelope", payload, payloadType } } as const
        expectTied({ ...shared, signed: { ...signed, verifier: { key } } })
      } else {
        const digests = { sha256: digestOf("sha256", utf8(ARTIFACT)) }
        const signed = { signature: content.signature, content: { kind: "message", digests } } as const
        expectTied({ ...shared, signed: { ...signed, verifier: { key } } })
      }
      const [body] = logEntries.map(({ canonicalizedBody }) => parseEntryBody(canonicalizedBody))
      expect(`${body?.kind ?? ""} ${body?.version ?? ""}`).toBe(
        version === "v2" ? "hashedrekord 0.0.2" : content.kind === "dsse" ? "dsse 0.0.1" : "hashedrekord 0.0.1",
      )
    }
  })
})
