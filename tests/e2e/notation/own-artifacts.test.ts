/** `countersign` with certificates: indexes, layouts, files, and no network. */
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startProcess } from "../../faces/cli/process-world.ts"
import { writeLayout } from "./oci-layout.ts"
import { type Ran, type Rig, startRig } from "./rig.ts"

const SUBJECT = "x509.subject: C=US, ST=WA, O=Countersign Test"

let rig: Rig

beforeAll(async () => {
  rig = await startRig()
  const signer = await rig.authority.issueSigner()
  rig.trust("ca:test", rig.authority.rootPem)
  rig.write("signer.key", signer.keyPem)
  rig.write("signer.pem", signer.chainPem)
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.authority.reset()
})

function sign(format: string, reference: string, ...flags: readonly string[]): Promise<Ran> {
  const key = ["--key", rig.path("signer.key"), "--cert-chain", rig.path("signer.pem")]
  return rig.countersign("sign", ...key, "--format", format, ...flags, reference)
}

function verify(reference: string, ...flags: readonly string[]): Promise<Ran> {
  return rig.countersign("verify", "--trust-store", "ca:test", ...flags, reference)
}

describe("indexes", () => {
  it("every child counts with --recursive", async () => {
    const child = await rig.push()
    const repository = rig.repository(child)
    const second = await repository.artifact("b", [await repository.blob("text/plain", "second")])
    const index = await repository.index([child.subject, second], "all")
    const reference = `${child.repository}@${index.digest}`
    expect((await sign("notation", reference)).exit).toBe(0)
    expect((await verify(reference, "--identity", "*")).exit).toBe(0)
    expect((await verify(reference, "--identity", "*", "--recursive")).exit).toBe(1)
    expect((await sign("notation", child.reference)).exit).toBe(0)
    expect((await verify(reference, "--identity", "*", "--recursive")).exit).toBe(1)
    const whole = await rig.push()
    const store = rig.repository(whole)
    const again = await store.index([whole.subject], "all")
    const all = `${whole.repository}@${again.digest}`
    expect((await sign("notation,notation-cose", all, "--recursive")).exit).toBe(0)
    expect((await verify(all, "--identity", "*", "--recursive")).exit).toBe(0)
    rig.policy()
    expect((await rig.notation("verify", whole.reference)).exit).toBe(0)
  })

  it.each([
    { mediaType: "application/octet-stream" },
    { mediaType: "application/vnd.oci.image.index.v1+json" },
    { mediaType: "application/vnd.docker.distribution.manifest.v2+json" },
  ])("one that lies about an entry is refused, in words and by exit code: %j", async (lie) => {
    const child = await rig.push()
    const index = await rig.repository(child).index([{ ...child.subject, ...lie }], "lie")
    const reference = `${child.repository}@${index.digest}`
    expect((await sign("notation", reference)).exit).toBe(0)
    expect((await verify(reference, "--identity", "*")).exit).toBe(0)
    const ran = await verify(reference, "--identity", "*", "--recursive", "--output", "json")
    expect(ran.exit).toBe(1)
    expect(JSON.parse(ran.stdout)).toMatchObject({
      artifacts: [{ state: "untrusted", decision: { result: "fail", code: "E_FORMAT_MALFORMED" } }],
    })
  })

  it("an artifact that does not exist, and one that cannot be asked for, are no reason to speak of trust", async () => {
    const { repository } = await rig.push()
    const absent = await verify(`${repository}:absent`, "--identity", "*", "--output", "json")
    expect(absent.exit).toBe(1)
    expect(JSON.parse(absent.stdout)).toMatchObject({
      artifacts: [{ state: "unknown", decision: { result: "error" } }],
    })
    const nobody = await verify("127.0.0.1:1/app:1", "--identity", "*", "--output", "json")
    expect(nobody.exit).toBe(3)
    expect(JSON.parse(nobody.stdout)).toMatchObject({
      artifacts: [{ state: "unknown", decision: { result: "error" } }],
    })
  })
})

describe("layouts", () => {
  it("signed and verified without a registry", async () => {
    const { path, digest } = writeLayout(rig, "layout")
    for (const inside of [`oci:${path}:v1`, `oci:${path}@${digest}`]) {
      expect((await sign("notation,notation-cose", inside)).exit).toBe(0)
      expect((await verify(inside, "--identity", "*")).exit).toBe(0)
      expect((await verify(inside, "--identity", "*", "--format", "notation-cose")).exit).toBe(0)
      expect((await verify(inside, "--identity", "x509.subject: C=US, ST=WA, O=Other")).exit).toBe(1)
    }
    rig.env["NOTATION_EXPERIMENTAL"] = "1"
    rig.policy({ registryScopes: ["local/layout"] })
    const scope = ["--oci-layout", "--scope", "local/layout"]
    expect((await rig.notation("verify", ...scope, `${path}@${digest}`)).exit).toBe(0)
  })
})

describe("files", () => {
  it.each([
    ["notation", "jws"],
    ["notation-cose", "cose"],
  ])("%s", async (format, form) => {
    const path = rig.write(`release.${form}.txt`, "the release\n")
    const signature = `${path}.${form}.sig`
    const key = ["--key", rig.path("signer.key"), "--cert-chain", rig.path("signer.pem")]
    const signing = ["--blob", path, "--format", format, "--signature", signature, "--media-type", "text/plain"]
    expect(await rig.countersign("sign", ...key, ...signing)).toMatchObject({ exit: 0, stderr: "" })
    const check = (...flags: readonly string[]): Promise<Ran> =>
      rig.countersign("verify", "--blob", path, "--signature", signature, "--trust-store", "ca:test", ...flags)
    expect((await check("--identity", SUBJECT)).exit).toBe(0)
    expect((await check("--identity", SUBJECT, "--media-type", "text/plain")).exit).toBe(0)
    expect((await check("--identity", SUBJECT, "--media-type", "text/html")).exit).toBe(1)
    expect((await check("--identity", "x509.subject: C=US, ST=WA, O=Other")).exit).toBe(1)
    rig.blobPolicy()
    expect((await rig.notation2("blob", "verify", "--signature", signature, path)).exit).toBe(0)
    rig.write(`release.${form}.txt`, "another release\n")
    const ran = await check("--identity", SUBJECT)
    expect(ran.exit).toBe(1)
    expect(ran.stdout).not.toMatch(/^verified/m)
    expect(readFileSync(signature).length).toBeGreaterThan(100)
  })
})

describe("offline", () => {
  it("nobody but the artifact's registry is asked; revocation stays unknown", async () => {
    const { reference } = await rig.push()
    expect((await sign("notation", reference)).exit).toBe(0)
    const tool = await startProcess(undefined, { env: rig.env })
    try {
      const flags = ["--trust-store", "ca:test", "--identity", "*", "--offline"]
      rig.authority.reset()
      const ran = await tool.run("verify", ...flags, reference)
      expect(ran.exit).toBe(3)
      expect(ran.stdout + ran.stderr).toContain("E_CERT_REVOCATION_UNKNOWN")
      expect(rig.authority.requests).toEqual([])
      const skipped = await tool.run("verify", ...flags, "--override", "revocation=skip", reference)
      expect(skipped).toMatchObject({ exit: 0 })
      const logged = await tool.run("verify", ...flags, "--level", "permissive", reference)
      expect(logged.exit).toBe(0)
      expect(rig.authority.requests).toEqual([])
    } finally {
      await tool.close()
    }
  })
})
