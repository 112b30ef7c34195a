/** Text of a registry or a signature that would steer a terminal, in what the cosign faces print. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { bundle, claim, claimLayer, envelope, newKey, Repository, signStatement, type Descriptor } from "./forgery.ts"

const EVIL = "x\u001b[2Ay\u009b31mz\u202eabc\u200bd\u{e0041}\nVerified OK"
/** What may not reach a terminal, line breaks aside. */
const STEERING =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u

const key = newKey()
const stranger = newKey()
let registry: TestRegistry
let face: TestProcess
let face2: TestProcess
let terminal: TestProcess
let count = 0

beforeAll(async () => {
  registry = await startTestRegistry()
  face = await startProcess(cosignProgram)
  face2 = await startProcess(cosign2Program)
  terminal = await startProcess(cosignProgram, { terminal: true })
  for (const tool of [face, face2, terminal]) await tool.write("trusted.pub", key.publicPem)
})

afterAll(async () => {
  for (const tool of [face, face2, terminal]) await tool.close()
  await registry.close()
})

interface Artifact {
  readonly name: string
  readonly repository: Repository
  readonly subject: Descriptor
}

async function artifact(): Promise<Artifact> {
  count += 1
  const repository = new Repository(`${registry.url}/v2/team/app${count}`)
  const subject = await repository.artifact("1", [await repository.blob("text/plain", `content ${count}`)])
  return { name: `${registry.address}/team/app${count}:1`, repository, subject }
}

function expectHarmless({ stdout, stderr }: Ran): void {
  expect(stdout).not.toMatch(STEERING)
  expect(stderr).not.toMatch(STEERING)
  expect(`${stdout}\n${stderr}`.split("\n")).not.toContain("Verified OK")
}

const flags = ["--key", "trusted.pub", "--insecure-ignore-tlog"]

describe("adv: CVE-2025-32019 (class) the faces print no text that steers a terminal", () => {
  it("a predicate type that anybody can write, listed by tree", async () => {
    const app = await artifact()
    const payload = JSON.stringify({ ...signStatement(app.subject.digest), predicateType: EVIL })
    await app.repository.referrer(app.subject, bundle(stranger.hint, envelope(stranger, { payload })))
    const ran = await face.run("tree", app.name)
    expect(ran).toMatchObject({ exit: 0 })
    expect(ran.stdout).toContain("x\\x1b[2Ay\\x9b31mz\\u{202e}abc")
    expectHarmless(ran)
  })

  it.each([
    ["signature", ["verify", ...flags]],
    ["attestation", ["verify-attestation", ...flags, "--type", "custom"]],
  ])("a predicate type in a signed statement, by verify as %s", async (_kind, verb) => {
    const app = await artifact()
    const payload = JSON.stringify({ ...signStatement(app.subject.digest), predicateType: EVIL })
    await app.repository.referrer(app.subject, bundle(key.hint, envelope(key, { payload })))
    const ran = await face.run(...verb, app.name)
    expect(ran.stderr).toContain("x\\x1b[2Ay\\x9b31mz")
    expect(ran.stderr).not.toMatch(STEERING)
    expect(ran.stderr.split("\n")).not.toContain("Verified OK")
  })

  it.each([
    [
      "a digest in a claim",
      (digest: string) => ({
        ...claim(digest),
        critical: { ...critical(digest), image: { "docker-manifest-digest": EVIL } },
      }),
    ],
    ["a type in a claim", (digest: string) => ({ ...claim(digest), critical: { ...critical(digest), type: EVIL } })],
    ["a member's name", (digest: string) => ({ ...claim(digest), [EVIL]: 1 })],
  ])("%s, in an error", async (_name, make) => {
    const app = await artifact()
    const layer = await claimLayer(app.repository, key, JSON.stringify(make(app.subject.digest)))
    await app.repository.tagged(app.subject.digest, "sig", [layer])
    for (const tool of [face, face2]) expectHarmless(await tool.run("verify", ...flags, app.name))
  })

  it("broken JSON, in an error", async () => {
    const app = await artifact()
    await app.repository.tagged(app.subject.digest, "sig", [
      await claimLayer(app.repository, key, `{"a":\u009b\u202e}`),
    ])
    for (const tool of [face, face2]) {
      const ran = await tool.run("verify", ...flags, app.name)
      expect(ran.exit).not.toBe(0)
      expectHarmless(ran)
    }
  })

  it("data on a terminal, and the very data elsewhere", async () => {
    const app = await artifact()
    const text = "a\u009b31mb\u202ec"
    const subject = [{ digest: { sha256: app.subject.digest.slice(7) }, annotations: { note: text } }]
    const payload = JSON.stringify({ ...signStatement(app.subject.digest), subject })
    await app.repository.referrer(app.subject, bundle(key.hint, envelope(key, { payload })))
    const piped = await face.run("verify", ...flags, app.name)
    const shown = await terminal.run("verify", ...flags, app.name)
    expect(piped.stdout).toContain(text)
    expectHarmless(shown)
    expect(JSON.parse(shown.stdout)).toEqual(JSON.parse(piped.stdout))
  })
})

function critical(digest: string): object {
  return (claim(digest) as { critical: object }).critical
}
