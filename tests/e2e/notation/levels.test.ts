/** What each verification level makes of each validation that fails. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { TestSigner } from "../../../src/testing/index.ts"
import { attach, type Forgery, forgeJws } from "./forged-signature.ts"
import { type Pushed, type Ran, type Rig, startRig } from "./rig.ts"

const DAY = 86_400_000
const HOUR = 3_600_000

type Fault = "integrity" | "authenticity" | "identity" | "expiry" | "authenticTimestamp" | "revocation"
type Level = "strict" | "permissive" | "audit"
type Action = "enforce" | "log"

/** The table of the specification: integrity, authenticity, authentic timestamp, expiry, revocation. */
const LEVELS: Readonly<Record<Level, Readonly<Record<Fault, Action>>>> = {
  strict: row("enforce", "enforce", "enforce", "enforce", "enforce"),
  permissive: row("enforce", "enforce", "log", "log", "log"),
  audit: row("enforce", "log", "log", "log", "log"),
}

function row(integrity: Action, authenticity: Action, authenticTimestamp: Action, expiry: Action, revocation: Action) {
  return { integrity, authenticity, identity: authenticity, authenticTimestamp, expiry, revocation }
}

/** Beginning of what is said about each. */
const SAID: Readonly<Record<Fault, string>> = {
  integrity: "signature is invalid. Error: ",
  authenticity: "the signature's certificate chain does not contain any trusted certificate",
  identity:
    'signing certificate from the digital signature does not match the X.509 trusted identities [map["C":"US" "O":"Somebody Else" "ST":"WA"]] defined in the trust policy "all"',
  expiry: 'digital signature has expired on "',
  authenticTimestamp:
    'verification time is after certificate "CN=Test Signer,O=Countersign Test,ST=WA,C=US" validity period, it was expired at "',
  revocation: 'signing certificate with subject "CN=Test Signer,O=Countersign Test,ST=WA,C=US" is revoked',
}

/** Name of a validation where policies and warnings name it. */
const VALIDATION: Readonly<Record<Fault, string>> = {
  integrity: "integrity",
  authenticity: "authenticity",
  identity: "authenticity",
  expiry: "expiry",
  authenticTimestamp: "authenticTimestamp",
  revocation: "revocation",
}
const FAULTS = Object.keys(SAID) as readonly Fault[]

let rig: Rig
const artifacts = new Map<Fault | "none", Pushed>()

beforeAll(async () => {
  rig = await startRig()
  const good = await rig.authority.issueSigner()
  const revoked = await rig.authority.issueSigner()
  rig.authority.revoke(revoked)
  const past = Date.now() - 2 * DAY
  const expired = await rig.authority.issueSigner({ notBefore: past - DAY, notAfter: past + DAY })
  const stranger = await rig.authority.issueSigner({ chainLength: 1 })
  rig.trust("ca:test", rig.authority.rootPem)
  const signed = async (fault: Fault | "none", signer: TestSigner, forgery: Forgery = {}): Promise<void> => {
    const artifact = await rig.push()
    await attach(rig, artifact, forgeJws(signer, artifact.subject, forgery))
    artifacts.set(fault, artifact)
  }
  await signed("none", good)
  await signed("integrity", good, { broken: true })
  await signed("authenticity", stranger)
  await signed("identity", good)
  const expiry = new Date(Date.now() - HOUR).toISOString().replace(/\.\d+Z$/, "Z")
  const critical = ["io.cncf.notary.expiry"]
  await signed("expiry", good, { at: Date.now() - 2 * HOUR, header: { "io.cncf.notary.expiry": expiry }, critical })
  await signed("authenticTimestamp", expired, { at: past })
  await signed("revocation", revoked)
})
afterAll(() => rig.close())

function policyFor(fault: Fault | "none", signatureVerification: object): void {
  const trustedIdentities = fault === "identity" ? ["x509.subject: C=US, ST=WA, O=Somebody Else"] : ["*"]
  rig.policy({ signatureVerification, trustedIdentities })
}

async function verified(fault: Fault | "none", generation: "notation" | "notation2"): Promise<Ran> {
  return rig[generation]("verify", artifacts.get(fault)?.reference ?? "")
}

function expectAction(ran: Ran, fault: Fault, action: Action, generation: string): void {
  const { reference } = artifacts.get(fault)!
  if (action === "enforce") {
    expect(ran.exit).toBe(1)
    expect(ran.stdout).toBe("")
    expect(ran.stderr).toContain(`${VALIDATION[fault]}: ${SAID[fault]}`)
    expect(ran.stderr).toMatch(
      new RegExp(`\nError: signature verification failed for all the signatures associated with ${reference}\n$`),
    )
    return
  }
  expect(ran.stderr).toContain(`Warning: ${VALIDATION[fault]} was set to "log" and failed with error: ${SAID[fault]}`)
  expect(ran.stderr).not.toContain("Error:")
  const blank = generation === "notation2" ? "\n" : ""
  expect(ran).toMatchObject({ exit: 0, stdout: `${blank}Successfully verified signature for ${reference}\n` })
}

describe.each(["notation", "notation2"] as const)("%s", (generation) => {
  describe.each(Object.keys(LEVELS) as Level[])("level %s", (level) => {
    it("a good signature passes without a word", async () => {
      policyFor("none", { level })
      const ran = await verified("none", generation)
      expect(ran).toMatchObject({ exit: 0, stderr: "" })
    })

    it.each(FAULTS)("%s fails", async (fault) => {
      policyFor(fault, { level })
      expectAction(await verified(fault, generation), fault, LEVELS[level][fault], generation)
    })
  })

  it.each(FAULTS)("level skip looks at no signature: %s fails", async (fault) => {
    rig.policy({ signatureVerification: { level: "skip" }, trustStores: [], trustedIdentities: [] })
    rig.registry.clearRequests()
    const ran = await verified(fault, generation)
    const { reference } = artifacts.get(fault)!
    expect(ran).toEqual({
      exit: 0,
      stdout: `Trust policy is configured to skip signature verification for ${reference}\n`,
      stderr: "",
    })
    expect(rig.registry.requests.filter(({ path }) => path.includes("referrers"))).toEqual([])
  })
})

const overridable = FAULTS.filter((fault) => fault !== "integrity")
const overrides = (["strict", "permissive", "audit"] as const).flatMap((level) =>
  overridable.flatMap((fault) => (["enforce", "log"] as const).map((action) => ({ level, fault, action }))),
)

describe("overrides win over the level", () => {
  it.each(overrides)("$level with $fault overridden as $action", async ({ level, fault, action }) => {
    policyFor(fault, { level, override: { [VALIDATION[fault]]: action } })
    expectAction(await verified(fault, "notation"), fault, action, "notation")
  })

  it("revocation can be skipped, and then nobody is asked", async () => {
    policyFor("revocation", { level: "strict", override: { revocation: "skip" } })
    rig.authority.reset()
    expect(await verified("revocation", "notation")).toMatchObject({ exit: 0, stderr: "" })
    expect(rig.authority.requests).toEqual([])
  })

  it.each([
    [{ level: "strict", override: { integrity: "log" } }, '"integrity" verification can not be overridden'],
    [{ level: "strict", override: { expiry: "skip" } }, '"expiry" verification can not be skipped'],
    [{ level: "strict", override: { authenticity: "skip" } }, '"authenticity" verification can not be skipped'],
    [{ level: "strict", override: { authenticTimestamp: "skip" } }, '"authenticTimestamp" verification can not be'],
    [{ level: "strict", override: { expiry: "warn" } }, 'verification action "warn" in custom signature verification'],
    [{ level: "strict", override: { time: "log" } }, 'verification type "time" in custom signature verification'],
    [{ level: "skip", override: { expiry: "log" } }, 'signature verification level "skip" can\'t be used to customize'],
    [{ level: "lenient" }, 'invalid signature verification level "lenient"'],
    [{ level: "" }, "signature verification level is empty or missing"],
    [{}, "signature verification level is empty or missing"],
  ])("%j is refused before anything is asked", async (signatureVerification, text) => {
    policyFor("none", signatureVerification)
    rig.registry.clearRequests()
    const ran = await verified("none", "notation")
    expect(ran).toMatchObject({ exit: 1, stdout: "" })
    expect(ran.stderr).toContain(text)
    expect(rig.registry.requests).toEqual([])
  })
})
