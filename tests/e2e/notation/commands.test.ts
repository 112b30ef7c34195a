/** Commands about artifacts: their flags, what they store and what they print. */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { TestSigner } from "../../../src/testing/index.ts"
import { writeLayout } from "./oci-layout.ts"
import { type Pushed, type Rig, startRig } from "./rig.ts"

const OTHER = `sha256:${"0".repeat(64)}`
const HOUR = 3_600_000
const EXPERIMENTAL =
  'Warning: This feature is experimental and may not be fully tested or completed and may be deprecated. Report any issues to "https://github/notaryproject/notation"\n'

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
  rig.clock.shift = 0
  rig.registry.reset()
  rig.policy()
})

interface Manifest {
  readonly mediaType: string
  readonly artifactType?: string
  readonly config: {
    readonly mediaType: string
    readonly data?: string
    readonly digest: string
    readonly size: number
  }
  readonly layers: readonly { readonly mediaType: string; readonly digest: string }[]
  readonly subject: unknown
  readonly annotations: Readonly<Record<string, string>>
}

async function get(artifact: Pushed, path: string): Promise<Response> {
  return fetch(`${rig.registry.url}/v2/${artifact.repository.slice(rig.registry.address.length + 1)}/${path}`, {
    headers: { accept: "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json" },
  })
}

/** Manifest of the one signature, and its text. */
async function signatureOf(artifact: Pushed): Promise<{ readonly manifest: Manifest; readonly text: string }> {
  const list = (await (await get(artifact, `referrers/${artifact.subject.digest}`)).json()) as {
    manifests: { digest: string; artifactType: string }[]
  }
  expect(list.manifests).toMatchObject([{ artifactType: "application/vnd.cncf.notary.signature" }])
  const text = await (await get(artifact, `manifests/${list.manifests[0]?.digest ?? ""}`)).text()
  return { text, manifest: JSON.parse(text) as Manifest }
}

const indexTag = ({ subject }: Pushed): string => `manifests/${subject.digest.replace(":", "-")}`

describe("sign", () => {
  it.each(["jws", "cose"] as const)("%s, in the manifest of each generation", async (format) => {
    const types = { jws: "application/jose+json", cose: "application/cose" }
    const first = await rig.push()
    expect(await rig.notation("sign", "--signature-format", format, first.reference)).toEqual({
      exit: 0,
      stdout: `Successfully signed ${first.reference}\n`,
      stderr: "",
    })
    const v1 = await signatureOf(first)
    expect(Object.keys(v1.manifest)).toEqual([
      "schemaVersion",
      "mediaType",
      "config",
      "layers",
      "subject",
      "annotations",
    ])
    expect(v1.manifest.config).toEqual({
      mediaType: "application/vnd.cncf.notary.signature",
      digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
      size: 2,
    })
    const second = await rig.push()
    const ran = await rig.notation2("sign", "--signature-format", format, second.reference)
    const v2 = await signatureOf(second)
    const digest = createHash("sha256").update(v2.text).digest("hex")
    expect(ran).toEqual({
      exit: 0,
      stdout: `Successfully signed ${second.reference}\nPushed the signature to ${second.repository}@sha256:${digest}\n`,
      stderr: "",
    })
    expect(v2.manifest).toMatchObject({
      artifactType: "application/vnd.cncf.notary.signature",
      config: { mediaType: "application/vnd.oci.empty.v1+json", data: "e30=" },
      layers: [{ mediaType: types[format] }],
      subject: second.subject,
    })
    const prints = signer.chain.map((der) => createHash("sha256").update(der).digest("hex"))
    expect(v2.manifest.annotations).toEqual({
      "io.cncf.notary.x509chain.thumbprint#S256": JSON.stringify(prints),
      "org.opencontainers.image.created": expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    })
    expect(Object.keys(v2.manifest.annotations)).toEqual(Object.keys(v2.manifest.annotations).toSorted())
  })

  it.each([
    ["notation", [], true],
    ["notation", ["--force-referrers-tag=false"], false],
    ["notation", ["--force-referrers-tag"], true],
    ["notation2", [], false],
    ["notation2", ["--force-referrers-tag"], true],
    ["notation2", ["--force-referrers-tag=false"], false],
  ] as const)("%s %j: index under the referrers tag %s", async (face, flags, tagged) => {
    const artifact = await rig.push()
    expect((await rig[face]("sign", ...flags, artifact.reference)).exit).toBe(0)
    expect((await get(artifact, indexTag(artifact))).status).toBe(tagged ? 200 : 404)
  })

  it.each(["notation", "notation2"] as const)("%s without referrers API: the tag, and found there", async (face) => {
    rig.registry.setFaults({ referrers: "404-text" })
    const artifact = await rig.push()
    for (const round of [1, 2]) {
      expect((await rig[face]("sign", artifact.reference)).exit).toBe(0)
      const index = (await (await get(artifact, indexTag(artifact))).json()) as { manifests: unknown[] }
      expect(index.manifests).toHaveLength(round)
    }
    expect((await rig[face]("verify", artifact.reference)).exit).toBe(0)
    expect((await rig[face]("list", artifact.reference)).stdout.match(/sha256:/g)).toHaveLength(3)
  })

  it("an outdated index is not deleted, so a registry that refuses it is no trouble", async () => {
    const own = await startRig({ revocation: "none" }, { allowDelete: false })
    try {
      own.addKey("test", signer)
      own.trust("ca:test", rig.authority.rootPem)
      own.policy()
      const { reference } = await own.push()
      expect(await own.notation("sign", reference)).toMatchObject({ exit: 0, stderr: "" })
      expect(await own.notation("sign", reference)).toMatchObject({ exit: 0, stderr: "" })
      expect((await own.notation("list", reference)).stdout.match(/ sha256:/g)).toHaveLength(2)
      expect(own.registry.requests.filter(({ method }) => method === "DELETE")).toEqual([])
      expect((await own.notation("verify", reference)).exit).toBe(0)
    } finally {
      await own.close()
    }
  })

  it("a tag is resolved, and warned of", async () => {
    const artifact = await rig.push("v1")
    const warning = (verb: string, why: string): string =>
      `Warning: Always ${verb} the artifact using digest(@sha256:...) rather than a tag(:v1) because ${why}.\n`
    expect(await rig.notation("sign", artifact.tagged)).toEqual({
      exit: 0,
      stdout: `Successfully signed ${artifact.reference}\n`,
      stderr: warning(
        "sign",
        "tags are mutable and a tag reference can point to a different artifact than the one signed",
      ),
    })
    for (const verb of ["verify", "list", "inspect"] as const) {
      const ran = await rig.notation(verb, artifact.tagged)
      expect(ran.exit).toBe(0)
      expect(ran.stderr).toBe(
        warning(verb, "resolved digest may not point to the same signed artifact, as tags are mutable"),
      )
    }
  })

  it.each<[readonly string[], string]>([
    [["--key", "absent"], "signing key absent not found"],
    [
      ["--signature-format", "foo"],
      'signature format "foo" not supported\nSupported signature envelope formats are "jws" and "cose"',
    ],
    [["-m", "a"], 'could not parse flag user-metadata: key-value pair requires "=" as separator'],
    [["-m", "=b"], 'could not parse flag user-metadata: key-value pair requires "=" as separator'],
    [
      ["-m", "io.cncf.notary.a=b"],
      "error adding user metadata: metadata key io.cncf.notary.a has reserved prefix io.cncf.notary",
    ],
    [["-e", "1ms"], "expiry duration supports minimum granularity of seconds"],
    [["-e", "-1h"], "expiry duration cannot be a negative value"],
    [["-e", "soon"], 'invalid argument "soon" for "-e, --expiry" flag: time: invalid duration "soon"'],
    [["--id", "a"], "if any flags in the group [id plugin] are set they must all be set; missing [plugin]"],
    [
      ["--key", "test", "--id", "a", "--plugin", "b"],
      "if any flags in the group [key id] are set none of the others can be; [id key] were all set",
    ],
  ])("%j is refused, nothing is pushed", async (flags, text) => {
    const { reference } = await rig.push()
    rig.registry.clearRequests()
    expect(await rig.notation("sign", ...flags, reference)).toEqual({ exit: 1, stdout: "", stderr: `Error: ${text}\n` })
    expect(rig.registry.requests.filter(({ method }) => method === "POST" || method === "PUT")).toEqual([])
  })

  it.each<[string, (artifact: Pushed) => string, RegExp]>([
    [
      "no such tag",
      ({ repository }) => `${repository}:absent`,
      /failed to get manifest descriptor: .*:absent: not found\n$/,
    ],
    [
      "no such digest",
      ({ repository }) => `${repository}@${OTHER}`,
      /failed to get manifest descriptor: .*: not found\n$/,
    ],
    [
      "no reference",
      ({ repository }) => repository,
      /invalid reference: no tag or digest\. Expecting <registry>\/<repository>:<tag> or <registry>\/<repository>@<digest>\n$/,
    ],
    ["no repository", () => "app:1", /invalid reference: missing registry or repository\. Expecting /],
    ["a bad digest", ({ repository }) => `${repository}@sha256:abc`, /Expecting <registry>/],
  ])("%s", async (_name, referenceOf, text) => {
    const artifact = await rig.push()
    for (const command of ["sign", "verify", "list", "inspect"]) {
      const ran = await rig.notation(command, referenceOf(artifact))
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toMatch(text)
    }
  })

  it.each(["sign", "verify", "list", "inspect"])("%s names what is not there by tag or digest", async (command) => {
    const { repository } = await rig.push()
    for (const reference of [`${repository}:absent`, `${repository}@${OTHER}`]) {
      expect(await rig.notation(command, reference)).toEqual({
        exit: 1,
        stdout: "",
        stderr: `Error: failed to get manifest descriptor: ${reference}: not found\n`,
      })
    }
  })

  it("certificates that may not sign are refused before anything is pushed", async () => {
    rig.addKey(
      "expired",
      await rig.authority.issueSigner({ notBefore: Date.now() - 3 * HOUR, notAfter: Date.now() - HOUR }),
    )
    rig.addKey("test", signer)
    const { reference } = await rig.push()
    rig.registry.clearRequests()
    const ran = await rig.notation("sign", "--key", "expired", reference)
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    expect(ran.stderr).toMatch(
      /certificate with subject .* was invalid at signing time of .* Certificate is valid from /,
    )
    expect(rig.registry.requests.filter(({ method }) => method === "POST" || method === "PUT")).toEqual([])
  })

  it("the format of config.json is the default", async () => {
    const text = readFileSync(rig.path("config/config.json"), "utf8")
    rig.write("config/config.json", JSON.stringify({ ...(JSON.parse(text) as object), signatureFormat: "COSE" }))
    try {
      const artifact = await rig.push()
      expect((await rig.notation("sign", artifact.reference)).exit).toBe(0)
      expect((await signatureOf(artifact)).manifest.layers).toMatchObject([{ mediaType: "application/cose" }])
    } finally {
      rig.write("config/config.json", text)
    }
  })

  it("an index is signed alone", async () => {
    const child = await rig.push()
    const index = await rig.repository(child).index([child.subject], "all")
    const reference = `${child.repository}@${index.digest}`
    expect((await rig.notation("sign", reference)).exit).toBe(0)
    expect((await rig.notation("verify", reference)).exit).toBe(0)
    expect((await rig.notation("verify", child.reference)).exit).toBe(1)
  })
})

describe("user metadata", () => {
  it.each(["jws", "cose"])("is signed, shown and can be asked for: %s", async (format) => {
    const artifact = await rig.push()
    const metadata = ["-m", "k=1=2", "-m", 'a=<&>" é', "-m", "k=last"]
    expect((await rig.notation("sign", "--signature-format", format, ...metadata, artifact.reference)).exit).toBe(0)
    const table = 'KEY   VALUE      \na     <&>" é    \nk     last       \n'
    expect((await rig.notation("verify", artifact.reference)).stdout.replaceAll(/ +$/gm, "")).toBe(
      `Successfully verified signature for ${artifact.reference}\n\nThe artifact was signed with the following user metadata.\n\n${table.replaceAll(/ +$/gm, "")}`,
    )
    expect((await rig.notation("verify", "-m", "k=last", "-m", 'a=<&>" é', artifact.reference)).exit).toBe(0)
    for (const wrong of ["k=1=2", "k=Last", "z=1"]) {
      const ran = await rig.notation("verify", "-m", wrong, artifact.reference)
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toContain("unable to find specified metadata in the signature")
    }
  })
})

describe("expiry", () => {
  it.each(["jws", "cose"])("ends the signature: %s", async (format) => {
    const artifact = await rig.push()
    const flags = ["--signature-format", format, "-e", "1h30m"]
    expect((await rig.notation("sign", ...flags, artifact.reference)).exit).toBe(0)
    rig.clock.shift = HOUR
    expect((await rig.notation("verify", artifact.reference)).exit).toBe(0)
    rig.clock.shift = 2 * HOUR
    const ran = await rig.notation("verify", artifact.reference)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain('expiry: digital signature has expired on "')
  })
})

describe("OCI layouts", () => {
  let layouts = 0
  const layout = (): ReturnType<typeof writeLayout> => writeLayout(rig, `layout${layouts++}`)

  beforeEach(() => {
    rig.env["NOTATION_EXPERIMENTAL"] = "1"
  })

  it.each(["notation", "notation2"] as const)("%s: sign, list, verify", async (face) => {
    const { path, digest } = layout()
    const signed = await rig[face]("sign", "--oci-layout", `${path}@${digest}`)
    expect(signed).toMatchObject({ exit: 0, stderr: EXPERIMENTAL })
    expect(signed.stdout).toMatch(new RegExp(`^Successfully signed ${path}@${digest}\n`))
    const { manifests } = JSON.parse(readFileSync(`${path}/index.json`, "utf8")) as {
      manifests: Record<string, unknown>[]
    }
    expect(manifests).toHaveLength(2)
    expect(manifests[1]).toMatchObject({ artifactType: "application/vnd.cncf.notary.signature" })
    expect(JSON.stringify(manifests[1])).not.toContain("ref.name")
    const listed = await rig[face]("list", "--oci-layout", `${path}:v1`)
    expect(listed.stdout).toMatch(/└── application\/vnd\.cncf\.notary\.signature\n {4}└── sha256:/)
    rig.policy({ registryScopes: ["local/layout"] })
    const verified = await rig[face]("verify", "--oci-layout", "--scope", "local/layout", `${path}@${digest}`)
    expect(verified.exit).toBe(0)
    expect(verified.stdout).toContain(`Successfully verified signature for ${path}@${digest}\n`)
    const other = await rig[face]("verify", "--oci-layout", "--scope", "local/other", `${path}@${digest}`)
    expect(other.exit).toBe(1)
    expect(other.stderr).toContain(`artifact "local/other@${digest}" has no applicable`)
  })

  it("needs the variable, a scope, and a reference", async () => {
    const { path, digest } = layout()
    const bare = await rig.notation2("sign", "--oci-layout", path)
    expect(bare.stderr).toContain(
      `failed to resolve user input reference: "${path}": invalid reference: missing tag or digest. Expecting <file_path>:<tag> or <file_path>@<digest>`,
    )
    const scopeless = await rig.notation2("verify", "--oci-layout", `${path}@${digest}`)
    expect(scopeless.stderr).toContain(
      "Error: if any flags in the group [oci-layout scope] are set they must all be set; missing [scope]\n",
    )
    rig.env["NOTATION_EXPERIMENTAL"] = "0"
    for (const command of ["sign", "list"]) {
      const ran = await rig.notation2(command, "--oci-layout", `${path}@${digest}`)
      expect(ran.exit).toBe(1)
      expect(ran.stderr).toBe(
        `Error: flag(s) --oci-layout in "notation ${command}" is experimental and not enabled by default. To use, please set NOTATION_EXPERIMENTAL=1 environment variable\n`,
      )
    }
  })
})
