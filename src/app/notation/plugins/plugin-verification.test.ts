import { describe, expect, it } from "vitest"
import type { ExtendedAttribute, SignedAttributes } from "../../../core/certified.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import type { PluginHost } from "../../../core/notation-home.ts"
import { goJson } from "../../../codec/go-json.ts"
import { fakeHost, metadataOf } from "./plugin-host-fixture.ts"
import {
  findVerificationPlugin,
  type PluginVerificationRequest,
  verificationPluginOf,
  type VerifierCapability,
  verifyWithPlugin,
} from "./plugin-verification.ts"

const PLUGIN = "io.cncf.notary.verificationPlugin"
const MIN = "io.cncf.notary.verificationPluginMinVersion"
const IDENTITY = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
const REVOCATION = "SIGNATURE_VERIFIER.REVOCATION_CHECK"

function critical(key: string | number, value: ExtendedAttribute["value"]): ExtendedAttribute {
  return { key, critical: true, value }
}

function attributes(extended: readonly ExtendedAttribute[], more: Partial<SignedAttributes> = {}): SignedAttributes {
  return {
    contentType: "application/vnd.cncf.notary.payload.v1+json",
    signingScheme: "notary.x509",
    signingTime: { at: Date.UTC(2026, 10, 20, 9, 12, 31), zone: "Z" },
    extended,
    ...more,
  }
}

describe("the plugin a signature asks for", () => {
  it.each<[string, readonly ExtendedAttribute[], unknown]>([
    ["none", [], undefined],
    ["other attributes alone", [critical("x", 1)], undefined],
    ["a version that is not critical, without a plugin", [{ key: MIN, critical: false, value: "1.0.0" }], undefined],
    ["a plugin", [critical(PLUGIN, "p")], { name: "p" }],
    [
      "a plugin and a version",
      [critical(MIN, "1.0.0-rc.1"), critical(PLUGIN, "p")],
      { name: "p", minVersion: "1.0.0-rc.1" },
    ],
  ])("%s", (_, extended, expected) => {
    expect(verificationPluginOf(attributes(extended))).toEqual(expected)
  })

  it.each<[readonly ExtendedAttribute[], string, string]>([
    [
      [{ key: PLUGIN, critical: false, value: "p" }],
      "E_FORMAT_MALFORMED",
      `${PLUGIN} is not a critical Extended attribute`,
    ],
    [[critical(PLUGIN, 1)], "E_FORMAT_MALFORMED", `${PLUGIN} from extended attribute is not a string`],
    [[critical(PLUGIN, " \t")], "E_FORMAT_MALFORMED", `${PLUGIN} from extended attribute is an empty string`],
    [
      [critical(PLUGIN, "p"), critical(MIN, "1.0")],
      "E_FORMAT_MALFORMED",
      `error while getting plugin minimum version, error: ${MIN} from extended attribute is not a valid SemVer`,
    ],
    [
      [critical(PLUGIN, "p"), critical(MIN, "")],
      "E_FORMAT_MALFORMED",
      `error while getting plugin minimum version, error: ${MIN} from extended attribute is an empty string`,
    ],
    [
      [critical(PLUGIN, "p"), { key: MIN, critical: false, value: "1.0.0" }],
      "E_FORMAT_MALFORMED",
      `error while getting plugin minimum version, error: ${MIN} is not a critical Extended attribute`,
    ],
    [[critical(MIN, "1.0.0")], "E_FORMAT_CRITICAL_UNKNOWN", `${MIN} stands without ${PLUGIN}`],
  ])("refuses %j", (extended, code, message) => {
    expect(verificationPluginOf(attributes(extended))).toEqual({ fault: { code, message } })
  })
})

describe("finding the plugin", () => {
  const find = (host: PluginHost, minVersion?: string) =>
    findVerificationPlugin(host, { name: "p", ...(minVersion === undefined ? {} : { minVersion }) }, {})

  it("is enough when the version is the one asked for or newer", async () => {
    const host = fakeHost({ metadata: metadataOf("p", [REVOCATION, "SIGNATURE_GENERATOR.RAW", IDENTITY], "1.2.0") })
    for (const version of [undefined, "1.2.0", "1.2.0-rc.1", "1.1.9", "1.2.0+build"]) {
      expect(await find(host, version)).toMatchObject({ capabilities: [REVOCATION, IDENTITY] })
    }
  })

  it.each([
    ["1.2.0", "1.2.1", "but signature verification needs plugin version greater than or equal to 1.2.1"],
    ["1.2.0-rc.1", "1.2.0", "found plugin p with version 1.2.0-rc.1 but"],
    ["1.2", "1.0.0", "plugin p has pluginVersion 1.2 which is not in valid semver format"],
    ["v1.2.0", undefined, "plugin p has pluginVersion v1.2.0 which is not in valid semver format"],
  ])("version %s for %s is refused", async (version, wanted, text) => {
    const found = await find(fakeHost({ metadata: metadataOf("p", [IDENTITY], version) }), wanted)
    expect(found).toMatchObject({
      fault: { code: "E_PLUGIN_FAILED", message: expect.stringContaining(text) as string },
    })
  })

  it("a plugin that cannot verify is refused", async () => {
    const found = await find(fakeHost({ metadata: metadataOf("p", ["SIGNATURE_GENERATOR.RAW"]) }))
    expect(found).toMatchObject({
      fault: {
        message:
          'digital signature requires plugin "p" with signature verification capabilities ' +
          '("SIGNATURE_VERIFIER.TRUSTED_IDENTITY" and/or "SIGNATURE_VERIFIER.REVOCATION_CHECK") installed',
      },
    })
  })

  it("a plugin that is missing is named with the way out", async () => {
    const missing = new ToolError("E_PLUGIN_NOT_FOUND", { what: "plugin executable file is either not found" })
    expect(await find(fakeHost({ metadata: missing }))).toEqual({
      fault: {
        code: "E_PLUGIN_NOT_FOUND",
        message:
          'error while locating the verification plugin "p", make sure the plugin is installed successfully before ' +
          "verifying the signature. error: plugin executable file is either not found",
      },
    })
    const broken = new ToolError("E_PLUGIN_FAILED", { what: "metadata validation failed for plugin p: empty name" })
    expect(await find(fakeHost({ metadata: broken }))).toEqual({
      fault: { code: "E_PLUGIN_FAILED", message: "metadata validation failed for plugin p: empty name" },
    })
  })

  it.each(["../p", "a/b", "a\\b", "..", ".", "a\0b"])("never leaves the folder of plugins: %j", async (name) => {
    const host = fakeHost({ metadata: metadataOf(name, [IDENTITY]) })
    const found = await findVerificationPlugin(host, { name }, {})
    expect(found).toMatchObject({ fault: { code: "E_PLUGIN_NOT_FOUND" } })
    expect(host.asked).toEqual([])
  })
})

const both = {
  metadata: metadataOf("p", [IDENTITY, REVOCATION]),
  wanted: { name: "p" },
  capabilities: [IDENTITY, REVOCATION] as const,
}

function request(change: Partial<PluginVerificationRequest> = {}): PluginVerificationRequest {
  return {
    attributes: attributes([critical(PLUGIN, "p")]),
    chain: [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)],
    trustedIdentities: ["*"],
    checkRevocation: true,
    pluginConfig: {},
    ...change,
  }
}

function ask(
  answer: JsonObject | Error,
  change: Partial<PluginVerificationRequest> = {},
  capabilities: readonly VerifierCapability[] = both.capabilities,
) {
  const host = fakeHost({ answers: { "verify-signature": answer } })
  return { host, outcome: verifyWithPlugin(host, { ...both, capabilities }, request(change)) }
}

const yes = {
  verificationResults: { [IDENTITY]: { success: true }, [REVOCATION]: { success: true } },
  processedAttributes: [],
}

describe("the request", () => {
  // Printed by Go 1.26 from the structs of notation-plugin-framework-go v1.0.0.
  it.each<[string, Partial<PluginVerificationRequest>, readonly VerifierCapability[], string]>([
    [
      "without expiry and attributes",
      { trustedIdentities: ["x509.subject: C=US, ST=WA, O=a<b"] },
      [IDENTITY],
      '{"contractVersion":"1.0","signature":{"criticalAttributes":{"contentType":"application/vnd.cncf.notary.payload.v1+json","signingScheme":"notary.x509","expiry":"0001-01-01T00:00:00Z"},"unprocessedAttributes":null,"certificateChain":["AQID","BAU="]},"trustPolicy":{"trustedIdentities":["x509.subject: C=US, ST=WA, O=a\\u003cb"],"signatureVerification":["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]}}',
    ],
    [
      "with everything",
      {
        attributes: attributes(
          [
            critical("z.b", { y: 1, x: [true, null] }),
            critical(PLUGIN, "p"),
            critical(MIN, "1.0.0"),
            { key: "a.a", critical: false, value: "v" },
          ],
          {
            signingScheme: "notary.x509.signingAuthority",
            signingTime: { at: Date.UTC(2026, 10, 20, 9, 12, 31, 120), zone: "Z" },
            expiry: { at: Date.UTC(2026, 10, 21, 1, 12, 31), zone: "+08:00" },
          },
        ),
        chain: [Uint8Array.of(1)],
        pluginConfig: { b: "2", a: "1" },
      },
      [REVOCATION, IDENTITY],
      '{"contractVersion":"1.0","signature":{"criticalAttributes":{"contentType":"application/vnd.cncf.notary.payload.v1+json","signingScheme":"notary.x509.signingAuthority","expiry":"2026-11-21T09:12:31+08:00","authenticSigningTime":"2026-11-20T09:12:31.12Z","extendedAttributes":{"a.a":"v","z.b":{"x":[true,null],"y":1}}},"unprocessedAttributes":["z.b","a.a"],"certificateChain":["AQ=="]},"trustPolicy":{"trustedIdentities":["*"],"signatureVerification":["SIGNATURE_VERIFIER.REVOCATION_CHECK","SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]},"pluginConfig":{"a":"1","b":"2"}}',
    ],
  ])("%s is what Go's structs print", async (_, change, capabilities, expected) => {
    const { host, outcome } = ask({ ...yes, processedAttributes: ["a.a", "z.b"] }, change, capabilities)
    expect(await outcome).not.toHaveProperty("fault")
    expect(host.asked.map(({ command, request: sent }) => [command, goJson(sent)])).toEqual([
      ["verify-signature", expected],
    ])
  })
})

describe("the answer", () => {
  it("gives a verdict for each capability asked", async () => {
    expect(await ask(yes).outcome).toEqual({ trustedIdentity: { ok: true }, revocation: { ok: true }, processed: [] })
    const no = {
      ...yes,
      verificationResults: { [IDENTITY]: { success: false, reason: 'not "him"' }, [REVOCATION]: {} },
    }
    expect(await ask(no).outcome).toEqual({
      trustedIdentity: {
        ok: false,
        reason: 'trusted identify verification by plugin "p" failed with reason "not \\"him\\""',
      },
      revocation: { ok: false, reason: 'revocation check by verification plugin "p" failed with reason ""' },
      processed: [],
    })
  })

  it("revocation is not asked when the policy skips it, and nothing is asked when nothing is left", async () => {
    const one = ask({ ...yes, verificationResults: { [IDENTITY]: { success: true } } }, { checkRevocation: false })
    expect(await one.outcome).toEqual({ trustedIdentity: { ok: true }, processed: [] })
    const none = ask(yes, { checkRevocation: false }, [REVOCATION])
    expect(await none.outcome).toEqual({ processed: [] })
    expect(none.host.asked).toEqual([])
    const left = ask(yes, { checkRevocation: false, attributes: attributes([critical("x", 1)]) }, [REVOCATION])
    expect(await left.outcome).toMatchObject({ fault: { code: "E_FORMAT_CRITICAL_UNKNOWN" } })
  })

  it.each<[string, JsonObject, string]>([
    ["no results", { processedAttributes: [] }, `verification plugin "p" failed to verify "${IDENTITY}"`],
    [
      "a result missing",
      { verificationResults: { [IDENTITY]: { success: true } } },
      `verification plugin "p" failed to verify "${REVOCATION}"`,
    ],
    [
      "a null result",
      { verificationResults: { [IDENTITY]: null, [REVOCATION]: { success: true } } },
      `failed to verify "${IDENTITY}"`,
    ],
    [
      "a text for success",
      { verificationResults: { [IDENTITY]: { success: "true" }, [REVOCATION]: { success: true } } },
      `failed to verify "${IDENTITY}"`,
    ],
    ...["Success", "succeſſ"].map((name): [string, JsonObject, string] => [
      `${name} beside success`,
      { ...yes, verificationResults: { ...yes.verificationResults, [IDENTITY]: { success: true, [name]: false } } },
      `failed to verify "${IDENTITY}"`,
    ]),
    [
      "an array for results",
      { verificationResults: [] },
      "failed to unmarshal the response of verify-signature command for plugin p",
    ],
    [
      "a text for attributes",
      { ...yes, processedAttributes: "x" },
      "failed to unmarshal the response of verify-signature command for plugin p",
    ],
    [
      "results by prototype",
      JSON.parse(`{"verificationResults":{"__proto__":{"${IDENTITY}":{"success":true}}}}`) as JsonObject,
      `failed to verify "${IDENTITY}"`,
    ],
  ])("with %s ends the verification", async (_, answer, text) => {
    expect(await ask(answer).outcome).toEqual({
      fault: { code: "E_PLUGIN_FAILED", message: expect.stringContaining(text) as string },
    })
  })

  it.each<[ExtendedAttribute, readonly (string | number)[], string]>([
    [critical("x", 1), [], '"x"'],
    [critical("x", 1), ["X", "y"], '"x"'],
    [{ key: "x", critical: false, value: 1 }, [], '"x"'],
    [critical(7, 1), [7], "7"],
  ])("attribute %j is left when it processed %j", async (attribute, processedAttributes, shown) => {
    expect(await ask({ ...yes, processedAttributes }, { attributes: attributes([attribute]) }).outcome).toEqual({
      fault: {
        code: "E_FORMAT_CRITICAL_UNKNOWN",
        message: `extended critical attribute ${shown} was not processed by the verification plugin "p" (all extended critical attributes must be processed by the verification plugin)`,
      },
    })
  })

  it("an error of the plugin ends the verification with its message", async () => {
    const error = new ToolError("E_PLUGIN_FAILED", { what: "the service is asleep" })
    expect(await ask(error).outcome).toEqual({
      fault: { code: "E_PLUGIN_FAILED", message: "failed to verify with plugin p: the service is asleep" },
    })
  })
})
