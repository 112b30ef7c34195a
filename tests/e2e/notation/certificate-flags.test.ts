/** Mistakes in the flags about certificates and timestamps: what the program says, and that nothing was done. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { sign } from "../../../src/library/sign.ts"
import type { TestSigner } from "../../../src/testing/index.ts"
import { type Pushed, type Ran, type Rig, startRig } from "./rig.ts"

let rig: Rig
let signer: TestSigner
/** Signed as notation and as notation-cose, and by nobody's key. */
let artifact: Pushed

beforeAll(async () => {
  rig = await startRig()
  signer = await rig.authority.issueSigner({ revocation: "none" })
  rig.addKey("test", signer)
  rig.trust("ca:test", rig.authority.rootPem)
  rig.write("signer.key", signer.keyPem)
  rig.write("signer.pem", signer.chainPem)
  rig.write("root.pem", rig.authority.rootPem)
  rig.write("tsa.pem", rig.authority.timestampRootPem)
  rig.write("hello.txt", "hello\n")
  artifact = await rig.push()
  expect(await signed("--format", "notation,notation-cose")).toMatchObject({ exit: 0, stderr: "" })
})
afterAll(() => rig.close())
beforeEach(() => {
  rig.clock.shift = 0
  rig.authority.reset()
})

function signed(...flags: readonly string[]): Promise<Ran> {
  const key = ["--key", rig.path("signer.key"), "--cert-chain", rig.path("signer.pem")]
  return rig.countersign("sign", ...key, ...flags, artifact.reference)
}

async function count(): Promise<number> {
  return ((await rig.notation("list", artifact.reference)).stdout.match(/ sha256:/g) ?? []).length
}

describe("--timestamp-url", () => {
  const CASES = [
    ["timestamp.example", 'scheme must be http or https, but got ""'],
    ["ftp://x", 'scheme must be http or https, but got "ftp"'],
    ["file:///etc/passwd", 'scheme must be http or https, but got "file"'],
    ["x y", 'scheme must be http or https, but got ""'],
    ["http://", 'endpoint "http://": host cannot be empty'],
    ["http://user:secret@127.0.0.1:1/", "the URL holds a user name or a password"],
  ] as const

  it.each(CASES)("that cannot be is a mistake in the command line: %s", async (url, text) => {
    const before = await count()
    const ran = await signed("--format", "notation", "--timestamp-url", url, "--timestamp-root", rig.path("tsa.pem"))
    expect(ran.exit).toBe(2)
    expect(ran.stderr).toContain("E_USAGE")
    expect(ran.stderr.replace(/\s+/g, " ")).toContain(text)
    expect(ran.stderr).not.toContain("secret")
    const file = ["--blob", rig.path("hello.txt"), "--format", "notation", "--signature", rig.path("never.sig")]
    const key = ["--key", rig.path("signer.key"), "--cert-chain", rig.path("signer.pem")]
    const stamp = ["--timestamp-url", url, "--timestamp-root", rig.path("tsa.pem")]
    expect(await rig.countersign("sign", ...key, ...file, ...stamp)).toMatchObject({ exit: 2, stdout: "" })
    expect(await count()).toBe(before)
  })

  it.each(CASES)("in the faces: %s", async (url, text) => {
    const stamp = ["--timestamp-url", url, "--timestamp-root-cert", rig.path("tsa.pem")]
    for (const ran of [
      await rig.notation("sign", ...stamp, artifact.reference),
      await rig.notation2("blob", "sign", ...stamp, rig.path("hello.txt")),
    ]) {
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toMatch(/^Error: cannot get http timestamper for timestamping: /m)
      expect(ran.stderr).toContain(text)
      expect(ran.stderr).not.toContain("secret")
    }
  })

  it.each(CASES)("in the library, before the key is read: %s", async (url, text) => {
    const options = { artifacts: [artifact.reference], formats: ["notation"], key: rig.path("nosuch.key") } as const
    const stamped = sign({ ...options, timestamp: { url, root: rig.path("tsa.pem") } })
    await expect(stamped).rejects.toMatchObject({ code: "E_USAGE", what: expect.stringContaining(text) as unknown })
  })
})
