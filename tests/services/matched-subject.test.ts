/** Statements about several artifacts: what is shown for one of them is what was signed about that one. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { cosignProgram } from "../../src/faces/cosign/program.ts"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { bundle, digestOf, envelope, newKey, Repository, signStatement, type Descriptor } from "./forgery.ts"

const key = newKey()
const OTHER = digestOf("another artifact").replace("sha256:", "")

let registry: TestRegistry
let own: TestProcess
let face: TestProcess
let count = 0

beforeAll(async () => {
  registry = await startTestRegistry()
  own = await startProcess()
  face = await startProcess(cosignProgram)
  for (const tool of [own, face]) await tool.write("trusted.pub", key.publicPem)
})

afterAll(async () => {
  await own.close()
  await face.close()
  await registry.close()
})

interface Entry {
  readonly name?: string
  readonly digest: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

interface Signed {
  readonly name: string
  readonly subject: Descriptor
}

/** An artifact with a bundle whose statement has the subjects given. */
async function signed(subjectsOf: (hex: string) => readonly Entry[]): Promise<Signed> {
  count += 1
  const repository = new Repository(`${registry.url}/v2/team/app${count}`)
  const subject = await repository.artifact("1", [await repository.blob("text/plain", `content ${count}`)])
  const hex = subject.digest.replace("sha256:", "")
  const payload = JSON.stringify({ ...signStatement(subject.digest), subject: subjectsOf(hex) })
  await repository.referrer(subject, bundle(key.hint, envelope(key, { payload })))
  return { name: `${registry.address}/team/app${count}:1`, subject }
}

const anothersFirst = (hex: string): readonly Entry[] => [
  { name: "another", digest: { sha256: OTHER }, annotations: { env: "prod" } },
  { name: "this", digest: { sha256: hex } },
]
const bothAnnotated = (hex: string): readonly Entry[] => [
  { digest: { sha256: OTHER }, annotations: { env: "prod", team: "a" } },
  { digest: { sha256: hex }, annotations: { env: "test" } },
]
/** One artifact under two entries. */
const twice = (hex: string): readonly Entry[] => [
  { digest: { sha256: hex }, annotations: { env: "test" } },
  { digest: { sha256: hex }, annotations: { env: "prod" } },
]

describe("adv: GHSA-mhg6-2q2v-9h2c (class) annotations of another subject are not shown as signed", () => {
  it.each<[string, (hex: string) => readonly Entry[], string | undefined]>([
    ["the artifact's entry has none", anothersFirst, undefined],
    ["the artifact's entry comes second", bothAnnotated, "env=test"],
    ["the artifact's entry comes first", (hex) => bothAnnotated(hex).toReversed(), "env=test"],
  ])("verify and explain, %s", async (_name, subjectsOf, shown) => {
    const { name } = await signed(subjectsOf)
    for (const verb of ["verify", "explain"]) {
      const ran = await own.run(verb, "--key", "trusted.pub", name)
      expect(ran.exit).toBe(0)
      expect(/^ +signed +(.*)$/m.exec(ran.stdout)?.[1]).toBe(shown)
    }
  })

  it("verify --output json names the entry that was matched", async () => {
    const { name, subject } = await signed(anothersFirst)
    const ran = await own.run("verify", "--key", "trusted.pub", "-o", "json", name)
    const hex = subject.digest.replace("sha256:", "")
    const matched = { name: "this", digest: { sha256: hex }, annotations: {} }
    expect(JSON.parse(ran.stdout)).toMatchObject({ artifacts: [{ signatures: [{ subject: matched }] }] })
  })

  it("an entry that does not hold what was asked is not the one shown", async () => {
    const { name } = await signed(twice)
    const ran = await own.run("verify", "--key", "trusted.pub", "-a", "env=prod", name)
    expect(/^ +signed +(.*)$/m.exec(ran.stdout)?.[1]).toBe("env=prod")
    const refused = await own.run("verify", "--key", "trusted.pub", "-a", "env=none", "-o", "json", name)
    expect(refused.exit).toBe(1)
    const [artifact] = (JSON.parse(refused.stdout) as { artifacts: { signatures: object[] }[] }).artifacts
    expect(artifact?.signatures[0]).not.toHaveProperty("subject")
  })

  it.each([["json"], ["text"]])(
    "cosign verify -o %s prints the artifact's own digest and annotations",
    async (form) => {
      for (const [subjectsOf, optional] of [
        [anothersFirst, {}],
        [bothAnnotated, { env: "test" }],
      ] as const) {
        const { name, subject } = await signed(subjectsOf)
        const ran = await face.run("verify", "--key", "trusted.pub", "--insecure-ignore-tlog", "-o", form, name)
        expect(ran.exit).toBe(0)
        const printed = [JSON.parse(ran.stdout) as object].flat()
        const critical = { image: { "docker-manifest-digest": subject.digest } }
        expect(printed).toMatchObject([{ critical, optional }])
        expect((printed[0] as { optional: object }).optional).toEqual(optional)
      }
    },
  )

  it("cosign verify --check-claims=false prints the first entry, as cosign does, and says no claim was validated", async () => {
    const { name } = await signed(anothersFirst)
    const flags = ["--key", "trusted.pub", "--insecure-ignore-tlog", "--check-claims=false"]
    const ran = await face.run("verify", ...flags, name)
    expect(ran).toMatchObject({ exit: 0 })
    expect(ran.stdout).toContain(`"docker-manifest-digest":"sha256:${OTHER}"`)
    expect(ran.stderr).not.toContain("claims were validated")
  })
})
