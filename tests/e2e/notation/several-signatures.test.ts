/** Which signatures count, which are shown, and which are somebody else's. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { TestSigner } from "../../../src/testing/index.ts"
import { attach, forgeJws } from "./forged-signature.ts"
import { type Pushed, type Rig, startRig } from "./rig.ts"

const MANIFEST = "application/vnd.oci.image.manifest.v1+json"
const INDEX = "application/vnd.oci.image.index.v1+json"
const SIGNATURE = "application/vnd.cncf.notary.signature"
const OTHER = `sha256:${"0".repeat(64)}`

let rig: Rig
let signer: TestSigner
beforeAll(async () => {
  rig = await startRig({ revocation: "none" })
  signer = await rig.authority.issueSigner()
  rig.trust("ca:test", rig.authority.rootPem)
  rig.addKey("other", await rig.authority.issueSigner({ chainLength: 1 }))
  rig.addKey("test", signer)
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.policy()
})

describe("how many signatures", () => {
  it("the first that holds is enough; the limit counts those that do not", async () => {
    const artifact = await rig.push()
    for (const key of ["other", "other", "other", "test"]) {
      expect((await rig.notation("sign", "--key", key, "--force-referrers-tag=false", artifact.reference)).exit).toBe(0)
    }
    expect((await rig.notation("verify", artifact.reference)).exit).toBe(0)
    const listed = await rig.notation("list", artifact.reference)
    expect(listed.stdout.split("\n").slice(2, -1)).toHaveLength(4)
    for (const max of ["0", "-1"]) {
      for (const command of ["verify", "list", "inspect"]) {
        expect(await rig.notation(command, "--max-signatures", max, artifact.reference)).toEqual({
          exit: 1,
          stdout: "",
          stderr: `Error: max-signatures value ${max} must be a positive number\n`,
        })
      }
    }
    const limited = await rig.notation2("list", "--max-signatures", "2", artifact.reference)
    expect(limited.stderr).toBe("Warning: exceeded configured limit of max signatures 2 to examine\n")
    expect(limited.stdout.split("\n").slice(2, -1)).toHaveLength(2)
    const inspected = await rig.notation2("inspect", "--max-signatures", "2", artifact.reference)
    expect(inspected.stdout).toContain("Warning: exceeded configured limit of max signatures 2 to examine\n")
  })

  it("all that were looked at failed", async () => {
    const artifact = await rig.push()
    for (let count = 0; count < 3; count++) {
      expect(
        (await rig.notation("sign", "--key", "other", "--force-referrers-tag=false", artifact.reference)).exit,
      ).toBe(0)
    }
    for (const max of ["1", "3", "100"]) {
      const ran = await rig.notation("verify", "--max-signatures", max, artifact.reference)
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      const reasons = ran.stderr.match(/does not contain any trusted certificate/g) ?? []
      expect(reasons).toHaveLength(Math.min(Number(max), 3))
      expect(ran.stderr).toMatch(
        new RegExp(
          `Error: signature verification failed for all the signatures associated with ${artifact.reference}\n$`,
        ),
      )
    }
  })

  describe("more than a hundred", () => {
    let artifact: Pushed
    const junk = 101
    beforeAll(async () => {
      artifact = await rig.push()
      const stranger = await rig.authority.issueSigner({ chainLength: 1 })
      const forged = Array.from({ length: junk }, (_, position) =>
        forgeJws(stranger, artifact.subject, { target: { annotations: { position: String(position) } } }),
      )
      const manifests: object[] = []
      for (const envelope of [...forged, forgeJws(signer, artifact.subject)]) {
        const digest = await attach(rig, artifact, envelope)
        const url = `${rig.registry.url}/v2${artifact.repository.slice(rig.registry.address.length)}/manifests/${digest}`
        const text = await (await fetch(url, { headers: { accept: MANIFEST } })).text()
        manifests.push({ mediaType: MANIFEST, digest, size: text.length, artifactType: SIGNATURE })
      }
      // In this order: the one that holds comes last.
      const tag = artifact.subject.digest.replace(":", "-")
      await rig.repository(artifact).manifest({ schemaVersion: 2, mediaType: INDEX, manifests }, tag)
      rig.registry.setFaults({ referrers: "404-text" })
    })
    afterAll(() => {
      rig.registry.reset()
    })

    it("--max-signatures reaches beyond", async () => {
      for (const max of [junk + 1, 200]) {
        const ran = await rig.notation("verify", "--max-signatures", String(max), artifact.reference)
        expect(ran).toMatchObject({ exit: 0 })
        const { stdout } = await rig.notation2("inspect", "--max-signatures", String(max), artifact.reference)
        expect(stdout.match(/signature algorithm/g)).toHaveLength(junk + 1)
        expect(stdout).not.toContain("Warning")
      }
    })

    it("what was not looked at is not called failed", async () => {
      const limit = "signature evaluation stopped. The configured limit of 100 signatures to verify"
      const ran = await rig.notation("verify", artifact.reference)
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toContain(limit)
      const { stdout } = await rig.notation2("inspect", artifact.reference)
      expect(stdout).toContain("Warning: exceeded configured limit of max signatures 100 to examine\n")
      const own = await rig.countersign("verify", "--trust-store", "ca:test", "--identity", "*", artifact.reference)
      expect(own.exit).toBe(3)
    })
  })

  it("where one cannot be read, the message does not speak of all", async () => {
    const artifact = await rig.push()
    expect((await rig.notation("sign", "--key", "other", artifact.reference)).exit).toBe(0)
    const broken = await attach(rig, artifact, forgeJws(signer, artifact.subject))
    rig.registry.setFaults({
      serverErrors: { times: 1000, retryAfter: "0" },
      where: ({ path }) => path.endsWith(broken),
    })
    try {
      const ran = await rig.notation("verify", artifact.reference)
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toContain("does not contain any trusted certificate")
      expect(ran.stderr).toMatch(/Error: signature verification failed: could not find out whether /)
      expect(ran.stderr).not.toContain("for all the signatures")
    } finally {
      rig.registry.reset()
    }
  })

  it("none", async () => {
    const artifact = await rig.push()
    expect(await rig.notation("verify", artifact.reference)).toEqual({
      exit: 1,
      stdout: "",
      stderr: `Error: signature verification failed: no signature is associated with "${artifact.reference}", make sure the artifact was signed successfully\n`,
    })
    expect((await rig.notation("list", artifact.reference)).stdout).toBe(
      `${artifact.reference} has no associated signature\n`,
    )
    expect((await rig.notation2("list", artifact.reference)).stdout).toBe(
      `${artifact.reference} has no associated signatures\n`,
    )
    expect((await rig.notation2("inspect", artifact.reference)).stdout).toBe(
      `${artifact.reference} has no associated signature\n`,
    )
    const json = await rig.notation2("inspect", "-o", "json", artifact.reference)
    expect(JSON.parse(json.stdout)).toEqual({ mediaType: artifact.subject.mediaType, signatures: [] })
  })
})

describe("inspect", () => {
  it("shows what can be read, and ends with an error for what cannot", async () => {
    const artifact = await rig.push()
    const broken = await attach(rig, artifact, "{}")
    expect((await rig.notation("sign", "--force-referrers-tag=false", artifact.reference)).exit).toBe(0)
    const ran = await rig.notation2("inspect", artifact.reference)
    expect(ran.exit).toBe(1)
    expect(ran.stdout).toContain("signature algorithm: ECDSA-SHA-256")
    expect(ran.stderr).toContain(`Warning: Skipping signature ${broken} because of error: `)
    expect(ran.stderr).toMatch(/\nError: at least one signature was skipped and not displayed\n$/)
    // One that cannot be read does not stand in the way of one that holds.
    expect((await rig.notation("verify", artifact.reference)).exit).toBe(0)
  })

  it("tree and JSON say the same", async () => {
    const artifact = await rig.push()
    const flags = ["-m", "b=2", "-m", "a=1", "-e", "24h", "--force-referrers-tag=false"]
    expect((await rig.notation("sign", ...flags, artifact.reference)).exit).toBe(0)
    const tree = (await rig.notation2("inspect", artifact.reference)).stdout
    const { signatures } = JSON.parse(
      (await rig.notation2("inspect", "--output", "json", artifact.reference)).stdout,
    ) as {
      signatures: Record<string, Record<string, string>>[]
    }
    expect(signatures).toHaveLength(1)
    expect(signatures[0]).toMatchObject({
      signatureAlgorithm: "ECDSA-SHA-256",
      signatureEnvelopeType: "application/jose+json",
      signedAttributes: {
        contentType: "application/vnd.cncf.notary.payload.v1+json",
        signingScheme: "notary.x509",
      },
      userDefinedAttributes: { a: "1", b: "2" },
      signedArtifact: artifact.subject,
    })
    expect(tree).toMatch(/user defined attributes\n.*├── a: 1\n.*└── b: 2\n/)
    expect(tree).toContain("signing agent: notation-go/")
    expect(tree).toMatch(/expiry: [A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\n/)
  })

  it.each([
    ["notation2", "yaml", 'invalid format: "yaml"'],
    ["notation", "yaml", "unrecognized output format yaml"],
  ] as const)("%s -o %s", async (face, form, text) => {
    const { reference } = await rig.push()
    expect(await rig[face]("inspect", "-o", form, reference)).toEqual({
      exit: 1,
      stdout: "",
      stderr: `Error: ${text}\n`,
    })
  })
})

describe("signatures that are nobody's, or somebody else's", () => {
  it("a signature of another artifact", async () => {
    const [first, second] = [await rig.push(), await rig.push()]
    await attach(rig, second, forgeJws(signer, first.subject))
    const ran = await rig.notation("verify", second.reference)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    expect(ran.stderr).toContain("content descriptor mismatch")
  })

  it.each<[string, object]>([
    ["another size", { size: 1 }],
    ["another media type", { mediaType: "application/vnd.oci.image.index.v1+json" }],
    ["another digest", { digest: OTHER }],
    ["no digest", { digest: undefined }],
  ])("of the same artifact with %s", async (_name, target) => {
    for (const level of ["strict", "audit"]) {
      rig.policy({ signatureVerification: { level } })
      const artifact = await rig.push()
      await attach(rig, artifact, forgeJws(signer, artifact.subject, { target: target as Record<string, unknown> }))
      expect(await rig.notation("verify", artifact.reference)).toMatchObject({ exit: 1, stdout: "" })
    }
  })

  it("another registry's answer to a digest is refused", async () => {
    const artifact = await rig.push()
    expect((await rig.notation("sign", artifact.reference)).exit).toBe(0)
    const moved = await rig.push("other")
    const ran = await rig.notation("verify", `${moved.repository}@${artifact.subject.digest}`)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
  })
})
