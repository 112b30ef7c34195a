/** Which statement applies, which stores and identities it trusts. */
import { mkdirSync, rmSync, symlinkSync } from "node:fs"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { TestSigner } from "../../../src/testing/index.ts"
import { attach, forgeJws } from "./forged-signature.ts"
import { type Pushed, type Rig, startRig, type Statement } from "./rig.ts"

let rig: Rig
let signer: TestSigner
let artifact: Pushed

beforeAll(async () => {
  rig = await startRig({ revocation: "none" })
  signer = await rig.authority.issueSigner({ chainLength: 3 })
  artifact = await rig.push()
  await attach(rig, artifact, forgeJws(signer, artifact.subject))
})
afterAll(() => rig.close())
beforeEach(() => {
  rmSync(rig.path("config/truststore"), { recursive: true, force: true })
  rm("config/trustpolicy.json")
  rm("config/trustpolicy.oci.json")
  rig.trust("ca:test", rig.authority.rootPem)
})

function rm(name: string): void {
  rmSync(rig.path(name), { force: true })
}

async function refused(face: "notation" | "notation2" = "notation"): Promise<string> {
  const { exit, stdout, stderr } = await rig[face]("verify", artifact.reference)
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" })
  return stderr
}

async function accepted(): Promise<void> {
  expect(await rig.notation("verify", artifact.reference)).toEqual({
    exit: 0,
    stdout: `Successfully verified signature for ${artifact.reference}\n`,
    stderr: "",
  })
}

const skip: Statement = { signatureVerification: { level: "skip" }, trustStores: [], trustedIdentities: [] }

describe("scopes", () => {
  it("the exact repository", async () => {
    rig.policy({ registryScopes: [artifact.repository] })
    await accepted()
  })

  it("the exact repository wins over *", async () => {
    rig.policy({ name: "any", registryScopes: ["*"], ...skip }, { registryScopes: [artifact.repository] })
    await accepted()
    rig.policy({ name: "any", registryScopes: ["*"] }, { registryScopes: [artifact.repository], ...skip })
    const ran = await rig.notation("verify", artifact.reference)
    expect(ran.stdout).toBe(`Trust policy is configured to skip signature verification for ${artifact.reference}\n`)
  })

  it("the statement for others with another store is not used", async () => {
    rig.policy(
      { name: "other", registryScopes: ["registry.example/other"] },
      { name: "own", registryScopes: [artifact.repository], trustStores: ["ca:absent"] },
    )
    expect(await refused()).toContain('the trust store "absent" of type "ca" does not exist')
  })

  it.each(["", "x", "/sub", "2"])("a scope that differs by %j at its end does not apply", async (end) => {
    rig.policy({ registryScopes: [end === "" ? artifact.repository.slice(0, -1) : `${artifact.repository}${end}`] })
    const name = `artifact "${artifact.reference}" has no applicable`
    const tail =
      "trust policy statement. Trust policy applicability for a given artifact is determined by registryScopes"
    expect(await refused()).toContain(`${name} ${tail}`)
    expect(await refused("notation2")).toContain(`${name} oci ${tail}`)
  })

  it.each<[string, Statement]>([
    ["has zero registry scopes", { registryScopes: [] }],
    ["uses wildcard registry scope '*', a wildcard scope cannot be used", { registryScopes: ["*", "a.b/c"] }],
    ['registry scope "a.b/*" with wild card(s) is not valid', { registryScopes: ["a.b/*"] }],
    ['registry scope "https://a.b/c" is not valid', { registryScopes: ["https://a.b/c"] }],
    ['registry scope "a.b/c:1" is not valid', { registryScopes: ["a.b/c:1"] }],
    ['registry scope "a.b" is not valid', { registryScopes: ["a.b"] }],
    ['registry scope "A.b/C" is not valid', { registryScopes: ["A.b/C"] }],
  ])("%s", async (text, statement) => {
    rig.policy(statement)
    expect(await refused()).toContain(text)
  })

  it("a scope in two statements, and a name twice, are refused", async () => {
    rig.policy({ name: "a", registryScopes: ["a.b/c"] }, { name: "b", registryScopes: ["a.b/c"] })
    expect(await refused()).toContain('registry scope "a.b/c" is present in multiple trust policy statements')
    expect(await refused("notation2")).toContain('"a.b/c" is present in multiple oci trust policy statements')
    rig.policy({ name: "a" }, { name: "a", registryScopes: ["a.b/c"] })
    expect(await refused()).toContain('use the same name "a", statement names must be unique')
  })
})

describe("policy files", () => {
  const text = (...stores: readonly string[]): string =>
    JSON.stringify({
      version: "1.0",
      trustPolicies: [
        {
          name: "p",
          registryScopes: ["*"],
          signatureVerification: { level: "strict" },
          trustStores: stores,
          trustedIdentities: ["*"],
        },
      ],
    })

  it("generation 2 reads trustpolicy.oci.json before trustpolicy.json, generation 1 the latter alone", async () => {
    rig.write("config/trustpolicy.oci.json", text("ca:test"))
    rig.write("config/trustpolicy.json", text("ca:absent"))
    expect((await rig.notation2("verify", artifact.reference)).exit).toBe(0)
    expect(await refused("notation")).toContain('the trust store "absent"')
    rm("config/trustpolicy.oci.json")
    expect(await refused("notation2")).toContain('the trust store "absent"')
  })

  it("a broken trustpolicy.oci.json does not lead back to the older file", async () => {
    rig.policy()
    rig.write("config/trustpolicy.oci.json", "{")
    expect(await refused("notation2")).toMatch(/malformed (?:oci )?trust policy/)
  })

  it.each<[string, string]>([
    ["{", "malformed trust policy"],
    ["[]", "malformed trust policy"],
    ["{}", "trust policy document has empty version, version must be specified"],
    ['{"version":"2.0","trustPolicies":[{}]}', 'uses unsupported version "2.0"'],
    ['{"version":"1.0","trustPolicies":[]}', "can not have zero trust policy statements"],
    ['{"version":"1.0","trustPolicies":[{}]}', "a trust policy statement is missing a name"],
  ])("%s is refused", async (content, said) => {
    rig.write("config/trustpolicy.json", content)
    expect(await refused()).toContain(said)
  })

  it("no policy: nothing is verified", async () => {
    rig.registry.clearRequests()
    expect(await refused()).toContain(
      "trust policy is not present. To create a trust policy, see: https://notaryproject.dev/docs/quickstart/#create-a-trust-policy",
    )
    expect(rig.registry.requests).toEqual([])
  })

  it("a symbolic link is no policy", async () => {
    rig.write("elsewhere.json", text("ca:test"))
    symlinkSync(rig.path("elsewhere.json"), rig.path("config/trustpolicy.json"))
    expect(await refused()).toContain("is not a regular file (symlinks are not supported)")
  })
})

const HINT = "Use command 'notation cert add' to create and add trusted certificates to the trust store"

describe("trust stores", () => {
  beforeEach(() => {
    rig.policy()
  })

  it.each([0, 1, 2])("certificate %i of the chain is an anchor when it may be one", async (position) => {
    rmSync(rig.path("config/truststore"), { recursive: true })
    const pem = signer.chainPem.split(/(?<=-----END CERTIFICATE-----\n)/)[position] ?? ""
    rig.trust("ca:test", pem)
    if (position > 0) await accepted()
    else expect(await refused()).toContain("is not a CA certificate or self-signed signing certificate")
  })

  it("certificates of several stores count together", async () => {
    const { rootPem } = await rig.authority.issueSigner({ chainLength: 1 })
    rig.trust("ca:others", rootPem)
    rig.policy({ trustStores: ["ca:others", "ca:test"] })
    await accepted()
    rig.policy({ trustStores: ["ca:others"] })
    expect(await refused()).toContain("does not contain any trusted certificate")
  })

  it("a store that is not needed must be readable too", async () => {
    rig.policy({ trustStores: ["ca:test", "ca:absent"] })
    expect(await refused()).toContain(`Error: the trust store "absent" of type "ca" does not exist. ${HINT}\n`)
  })

  it.each(["signingAuthority:test", "tsa:test"])("the same root in %s says nothing about the signer", async (store) => {
    rmSync(rig.path("config/truststore"), { recursive: true })
    rig.trust(store as "tsa:test", rig.authority.rootPem)
    rig.policy({ trustStores: [store] })
    expect(await refused()).toContain("no trusted certificates are found to verify authenticity")
  })

  it("an empty store", async () => {
    rmSync(rig.path("config/truststore/x509/ca/test"), { recursive: true })
    mkdirSync(rig.path("config/truststore/x509/ca/test"), { recursive: true })
    expect(await refused()).toContain(
      `Error: no x509 certificates were found in trust store "test" of type "ca". ${HINT}\n`,
    )
  })

  it.each<[string, () => void, string]>([
    [
      "a folder in it",
      () => {
        mkdirSync(rig.path("config/truststore/x509/ca/test/more"))
      },
      "trusted certificate more in trust store test of type ca is not a regular file (directories or symlinks are not supported)",
    ],
    [
      "a link in it",
      () => {
        symlinkSync(rig.write("root.pem", rig.authority.rootPem), rig.path("config/truststore/x509/ca/test/link.pem"))
      },
      "trusted certificate link.pem in trust store test of type ca is not a regular file",
    ],
    [
      "a file that is no certificate",
      () => {
        rig.trust("ca:test", "no certificate", "notes.txt")
      },
      "failed to read the trusted certificate notes.txt in trust store test of type ca",
    ],
    [
      "a link in its place",
      () => {
        rmSync(rig.path("config/truststore/x509/ca/test"), { recursive: true })
        rig.write("elsewhere/root.pem", rig.authority.rootPem)
        symlinkSync(rig.path("elsewhere"), rig.path("config/truststore/x509/ca/test"))
      },
      "is not a regular directory (symlinks are not supported)",
    ],
  ])("%s is refused", async (_name, prepare, text) => {
    prepare()
    expect(await refused()).toContain(text)
  })

  it.each<[string, string]>([
    ["test", 'has malformed trust store value "test". The required format is <TrustStoreType>:<TrustStoreName>'],
    ["root:test", 'uses an unsupported trust store type "root" in trust store value "root:test"'],
    ["ca:", 'uses an unsupported trust store name ""'],
    ["ca:../../..", 'uses an unsupported trust store name "../../.."'],
    ["ca:a/b", "Named store name needs to follow [a-zA-Z0-9_.-]+ format"],
  ])("%j in a policy is refused", async (store, text) => {
    rig.policy({ trustStores: [store] })
    expect(await refused()).toContain(text)
  })
})

describe("signing authority scheme", () => {
  const forged = async (at: number): Promise<Pushed> => {
    const pushed = await rig.push()
    const time = new Date(at).toISOString().replace(/\.\d+Z$/, "Z")
    const header = {
      "io.cncf.notary.signingScheme": "notary.x509.signingAuthority",
      "io.cncf.notary.signingTime": undefined,
      "io.cncf.notary.authenticSigningTime": time,
    }
    const critical = ["io.cncf.notary.authenticSigningTime"]
    await attach(rig, pushed, forgeJws(signer, pushed.subject, { header, critical }))
    return pushed
  }

  it("is trusted by its own stores alone", async () => {
    const pushed = await forged(Date.now())
    rig.policy()
    const ran = await rig.notation("verify", pushed.reference)
    expect(ran.stderr).toContain("no trusted certificates are found to verify authenticity")
    rig.trust("signingAuthority:test", rig.authority.rootPem)
    rig.policy({ trustStores: ["signingAuthority:test"] })
    expect((await rig.notation("verify", pushed.reference)).exit).toBe(0)
  })

  it("vouches for the time: it must lie within the validity of every certificate", async () => {
    const pushed = await forged(Date.now() - 30 * 86_400_000)
    rig.trust("signingAuthority:test", rig.authority.rootPem)
    rig.policy({ trustStores: ["signingAuthority:test"] })
    const ran = await rig.notation("verify", pushed.reference)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("was not valid when the digital signature was produced at")
  })
})

const OWN = "x509.subject: C=US, ST=WA, O=Countersign Test"

describe("identities", () => {
  it.each([
    [OWN],
    ["x509.subject: C=US, S=WA, O=Countersign Test"],
    ["x509.subject: O=Countersign Test, CN=Test Signer, ST=WA, C=US"],
    ["x509.subject:C=US;ST=WA;O=Countersign Test"],
    ["x509.subject: C=US, ST=WA, O=Countersign\\20Test"],
    ["x509.subject: C=DE, ST=BE, O=Somebody", OWN],
    ["arn:aws:signer:x", OWN],
  ])("%j matches", async (...trustedIdentities) => {
    rig.policy({ trustedIdentities })
    await accepted()
  })

  it.each([
    "x509.subject: C=US, ST=WA, O=Countersign",
    "x509.subject: C=US, ST=WA, O=countersign test",
    "x509.subject: C=US, ST=WA, O=Countersign Test, CN=Other",
    "x509.subject: C=US, ST=WA, O=Countersign Test, OU=Extra",
    "x509.subject: C=us, ST=WA, O=Countersign Test",
    "arn:aws:signer:x",
  ])("%j does not match", async (identity) => {
    rig.policy({ trustedIdentities: [identity] })
    expect(await refused()).toMatch(
      /does not match the X\.509 trusted identities|no x509 trusted identities are configured in the trust policy "all"/,
    )
  })

  it.each<[readonly string[], string]>([
    [[], "is either missing trust stores or trusted identities, both must be specified"],
    [["*", OWN], "uses a wildcard trusted identity '*', a wildcard identity cannot be used in conjunction"],
    [[""], "has an empty trusted identity"],
    [["nobody"], 'has trusted identity "nobody" missing separator'],
    [["x509.subject:"], "without an identity value"],
    [["x509.subject: C=US, O=acme"], 'has no mandatory RDN attribute for "ST"'],
    [["x509.subject: C=US, ST=WA, O=acme, O=other"], "has duplicate RDN attribute"],
    [["x509.subject: C=US, ST=WA+L=Seattle, O=acme"], "multi-valued RDN"],
    [["x509.subject: C=US, ST=WA, O=acme, 1.2.3=#0401"], 'does not support x509.subject identities containing "=#"'],
    [[OWN, `${OWN}, CN=Test Signer`], "has overlapping x509 trustedIdentities"],
  ])("%j are refused", async (trustedIdentities, text) => {
    rig.policy({ trustedIdentities })
    expect(await refused()).toContain(text)
  })
})
