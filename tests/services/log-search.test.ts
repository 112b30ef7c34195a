/** Whose answers count when a log is searched, whose signatures count as one, and what nobody asks for. */
import { readFile, writeFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parseTarget } from "../../src/app/parse-target.ts"
import type { AppContext, VerifyRequest, VerifyResult } from "../../src/app/requests.ts"
import { verifyArtifacts } from "../../src/app/verify.ts"
import { decodeHex } from "../../src/codec/hex.ts"
import type { LogProposal, SigstoreServices } from "../../src/core/sigstore-ports.ts"
import type { LogEntry } from "../../src/core/sigstore.ts"
import { parseRekorAnnotation } from "../../src/envelopes/bundle/rekor-bundle.ts"
import { parseTrustedRoot } from "../../src/envelopes/trusted-root/trusted-root.ts"
import { runProgram } from "../../src/faces/command-line/run-program.ts"
import { countersignProgram } from "../../src/faces/cli/program.ts"
import type { SigstoreAuthority, TrustPolicy } from "../../src/policy/model.ts"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { memoryWorld } from "../faces/memory-world.ts"
import { putImage } from "../interop/images.ts"

const ALICE = "alice@example.com"
const BUNDLE = "dev.sigstore.cosign/bundle"
const CERTIFICATE = "dev.sigstore.cosign/certificate"
const IMAGE = "application/vnd.oci.image.manifest.v1+json"

type PromisedEntry = LogEntry & { readonly signedEntryTimestamp: Uint8Array }

let sandbox: TestSandbox
let registry: TestRegistry
let tool: TestProcess
/** Two images signed in one run, with one certificate, and what the log holds of them; neither carries it any more. */
let first: string
let second: string
let firstEntry: PromisedEntry
let secondEntry: PromisedEntry

beforeAll(async () => {
  ;[sandbox, registry, tool] = await Promise.all([startTestSandbox(), startTestRegistry(), startProcess()])
  await writeFile(tool.path("root.json"), sandbox.trustedRoot)
  await writeFile(tool.path("v1.json"), sandbox.signingConfig)
  await tool.write("password", "insecure test password")
  await tool.run("keys", "generate", "--name", "release", "--password-file", "password")
  ;[first, second] = [await image("first"), await image("second")]
  await signed("--format", "cosign-v2", first, second)
  const [one, two] = [await stripped(first), await stripped(second)]
  expect(one.certificate).toBe(two.certificate)
  firstEntry = one.entry
  secondEntry = two.entry
})

afterAll(async () => {
  await tool.close()
  await Promise.all([registry.close(), sandbox.close()])
})

async function image(name: string): Promise<string> {
  const { digest } = await putImage(registry.address, `team/${name}`, `content of ${name}`)
  return `${registry.address}/team/${name}@${digest}`
}

async function signed(...args: readonly string[]): Promise<void> {
  const token = await sandbox.token({ email: ALICE })
  const services = ["--signing-config", tool.path("v1.json"), "--trusted-root", tool.path("root.json")]
  const ran = await tool.run("sign", "--keyless", "--yes", "--identity-token", token, ...services, ...args)
  expect(ran.exit, ran.stderr).toBe(0)
}

/** Take the log entry from a legacy signature. */
async function stripped(reference: string): Promise<{ readonly entry: PromisedEntry; readonly certificate: string }> {
  const [, repository = "", hex = ""] = /\/(.+)@sha256:(.+)$/.exec(reference) ?? []
  const url = `${registry.url}/v2/${repository}/manifests/sha256-${hex}.sig`
  const manifest = (await (await fetch(url, { headers: { accept: IMAGE } })).json()) as {
    layers: [{ annotations: Record<string, string> }]
  }
  const [layer] = manifest.layers
  const { [BUNDLE]: text = "", ...annotations } = layer.annotations
  const body = JSON.stringify({ ...manifest, layers: [{ ...layer, annotations }] })
  expect((await fetch(url, { method: "PUT", headers: { "content-type": IMAGE }, body })).status).toBe(201)
  const { body: canonicalizedBody, integratedTime, logId, logIndex, signedEntryTimestamp } = parseRekorAnnotation(text)
  return {
    certificate: annotations[CERTIFICATE] ?? "",
    entry: {
      logIndex,
      logId: decodeHex(logId, { max: 32, what: "log id" }),
      kind: "hashedrekord",
      version: "0.0.1",
      integratedTime,
      signedEntryTimestamp,
      canonicalizedBody,
    },
  }
}

/** A file's signature and certificate in files of their own, out of a bundle. */
async function detached(): Promise<void> {
  await tool.write("app.txt", "the release\n")
  await signed("--blob", "app.txt", "--bundle", tool.path("app.json"))
  const bundle = JSON.parse(await readFile(tool.path("app.json"), "utf8")) as {
    verificationMaterial: { certificate: { rawBytes: string } }
    messageSignature: { signature: string }
  }
  const { rawBytes } = bundle.verificationMaterial.certificate
  const pem = `-----BEGIN CERTIFICATE-----\n${rawBytes}\n-----END CERTIFICATE-----\n`
  await tool.write("app.sig", bundle.messageSignature.signature)
  await tool.write("app.pem", pem)
  await tool.write("app.crt", Buffer.from(pem).toString("base64"))
}

describe("a detached signature", () => {
  it("is verified with its certificate and the log's answer", async () => {
    await detached()
    const trusted = ["--identity", ALICE, "--issuer", sandbox.services.oidc, "--trusted-root", tool.path("root.json")]
    const evidence = ["--blob", "app.txt", "--signature", tool.path("app.sig")]
    const search = ["--rekor-url", sandbox.services.rekor]
    for (const name of ["app.pem", "app.crt"]) {
      const certificate = ["--certificate", tool.path(name)]
      expect(await tool.run("verify", ...trusted, ...evidence, ...certificate, ...search)).toMatchObject({
        exit: 0,
        stderr: "",
      })
      expect((await tool.run("verify", ...trusted, ...evidence, ...certificate)).stderr).toContain("[E_TLOG_MISSING]")
    }
    expect(await tool.run("verify", ...trusted, ...evidence, ...search)).toMatchObject({ exit: 1 })
    const useless = ["--key", "release.pub", ...evidence, "--certificate", tool.path("app.pem")]
    expect((await tool.run("verify", ...useless)).stderr).toContain("[E_USAGE]")
  })
})

/** Our command with a log that answers as it is told. */
async function search(
  answer: readonly LogEntry[],
  artifact: string,
): Promise<{ readonly exit: number; readonly stderr: string; readonly asked: readonly LogProposal[] }> {
  const asked: LogProposal[] = []
  const logs: Partial<SigstoreServices["logs"]> = {
    find: (_url, proposal) => {
      asked.push(proposal)
      return Promise.resolve(answer)
    },
  }
  const memory = memoryWorld({
    folder: tool.path("."),
    now: Date.now(),
    sigstore: { logs: logs as SigstoreServices["logs"] },
  })
  const trusted = ["--identity", ALICE, "--issuer", sandbox.services.oidc, "--trusted-root", "root.json"]
  try {
    const argv = ["verify", ...trusted, "--rekor-url", "http://log.example", artifact]
    const exit = await runProgram(countersignProgram, argv, memory.world, "own")
    return { exit, stderr: memory.stderr(), asked }
  } finally {
    await memory.close()
  }
}

describe("adv: GHSA-8pmp-678w-c8xx a log that answers", () => {
  it("with another entry of the same certificate first: the right one counts", async () => {
    const { exit, asked } = await search([secondEntry, firstEntry], first)
    expect(exit).toBe(0)
    expect(asked).toEqual([expect.objectContaining({ kind: "hashedrekord", hash: "sha256" })])
  })

  it("with another entry of the same certificate alone: there is none", async () => {
    const { exit, stderr } = await search([secondEntry], first)
    expect(exit).toBe(1)
    expect(stderr).toContain("[E_TLOG_MISSING]")
  })

  it.each<[string, () => readonly LogEntry[]]>([
    ["with nothing", () => []],
    ["with a changed promise", () => [{ ...firstEntry, signedEntryTimestamp: secondEntry.signedEntryTimestamp }]],
    ["with another time", () => [{ ...firstEntry, integratedTime: firstEntry.integratedTime + 1n }]],
    ["with the body of another", () => [{ ...firstEntry, canonicalizedBody: secondEntry.canonicalizedBody }]],
    ["with another log's id", () => [{ ...firstEntry, logId: new Uint8Array(32) }]],
    ["with no promise", () => [withoutPromise(firstEntry)]],
  ])("%s: nothing is verified", async (_case, entries) => {
    const { exit, stderr } = await search(entries(), first)
    expect(exit).toBe(1)
    expect(stderr).toMatch(/\[E_(TLOG_\w+|TIME_MISSING)\]/)
  })
})

function withoutPromise({ signedEntryTimestamp: _promise, ...entry }: PromisedEntry): LogEntry {
  return entry
}

function request(artifact: string, change: Partial<VerifyRequest>): VerifyRequest {
  return {
    targets: [parseTarget(artifact)],
    kind: "signature",
    keys: [],
    formats: ["cosign-v3", "cosign-v2"],
    annotations: {},
    checkClaims: true,
    recursive: false,
    everything: true,
    at: Date.now(),
    trustedRoot: () => Promise.resolve(parseTrustedRoot(sandbox.trustedRoot)),
    ...change,
  }
}

async function ask(artifact: string, change: Partial<VerifyRequest>): Promise<VerifyResult> {
  const memory = memoryWorld({ folder: tool.path("."), now: Date.now() })
  try {
    const app: AppContext = await memory.world.open({})
    return await verifyArtifacts(app, request(artifact, change))
  } finally {
    await memory.close()
  }
}

function authority(name: string): SigstoreAuthority {
  return {
    name,
    family: "sigstore",
    formats: ["cosign-v3"],
    kind: "signature",
    annotations: {},
    identities: [
      {
        issuer: { kind: "exact", value: sandbox.services.oidc },
        subject: { kind: "exact", value: ALICE },
        extensions: {},
        text: ALICE,
      },
    ],
    sct: "require",
    witnesses: { logs: 1, timestamps: 0 },
  }
}

function atLeast(count: number): TrustPolicy {
  const names = ["one", "two"]
  return {
    name: "test",
    authorities: names.map(authority),
    rules: [
      {
        name: "rule",
        mode: "enforce",
        require: { atLeast: count, of: names, distinct: "key", required: [] },
      },
    ],
  }
}

describe("thresholds", () => {
  it("count an identity once, whatever keys and certificates it used", async () => {
    const artifact = await image("twice")
    await signed(artifact)
    await signed(artifact)
    const once = await ask(artifact, { policy: atLeast(1) })
    expect(once.verified[0]).toHaveLength(2)
    const twice = await ask(artifact, { policy: atLeast(2) })
    expect(twice.errors[0]).toBeDefined()
    expect(twice.verified).toEqual([[]])
  })
})

describe("a trusted root", () => {
  it("is never asked for by a key alone, and once by a command that needs it", async () => {
    const artifact = await image("keyed")
    const ran = await tool.run("sign", "--key", "release.key", "--password-file", "password", artifact)
    expect(ran.exit).toBe(0)
    const memory = memoryWorld({ folder: tool.path("."), now: Date.now() })
    try {
      const app = await memory.world.open({})
      const keys = [{ name: "release", key: await app.keys.publicKey(tool.path("release.pub")) }]
      const trustedRoot = (): Promise<never> => Promise.reject(new Error("nobody may ask for it"))
      const { report } = await verifyArtifacts(app, request(artifact, { keys, trustedRoot }))
      expect(report.artifacts[0]?.state).toBe("verified")
      let asked = 0
      const targets = [parseTarget(artifact), parseTarget(first), parseTarget(second)]
      await verifyArtifacts(
        app,
        request(artifact, {
          targets,
          keys,
          witnesses: { logs: 1, timestamps: 0 },
          trustedRoot: () => {
            asked += 1
            return Promise.resolve(parseTrustedRoot(sandbox.trustedRoot))
          },
        }),
      )
      expect(asked).toBe(1)
    } finally {
      await memory.close()
    }
  })

  it.each([
    ["tuf", ""],
    ["cache", "the trusted root comes from the cache of https://tuf.example and is 3 days old\n"],
    ["shipped", "the trusted root comes from this program's release and is 3 days old\n"],
  ] as const)("out of the repository (%s) is stated with its age unless it is fresh", async (source, text) => {
    const artifact = await image(`aged-${source}`)
    await signed(artifact)
    const now = Date.now()
    const data = {
      value: parseTrustedRoot(sandbox.trustedRoot),
      bytes: sandbox.trustedRoot,
      source,
      mirror: "https://tuf.example",
      refreshedAt: now - 3 * 86_400_000 - 5000,
    }
    const offline: boolean[] = []
    const trust = {
      trustedRoot: (options: { readonly offline: boolean }) => {
        offline.push(options.offline)
        return Promise.resolve(data)
      },
    }
    const memory = memoryWorld({
      folder: tool.path("."),
      now,
      sigstore: { trust: trust as unknown as SigstoreServices["trust"] },
    })
    try {
      const argv = ["verify", "--offline", "--identity", ALICE, "--issuer", sandbox.services.oidc, artifact]
      expect(await runProgram(countersignProgram, argv, memory.world, "own")).toBe(0)
      expect([memory.stderr(), offline]).toEqual([text, [true]])
    } finally {
      await memory.close()
    }
  })
})
