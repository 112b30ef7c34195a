/** Trust policies that the real programs refuse or accept: `policy import` must say the same of each. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { asToolError } from "../../src/core/errors.ts"
import { parseBlobPolicy, parseOciPolicy } from "../../src/policy/notation/parse-policy.ts"
import { havePeers, peer } from "./peers.ts"

const DN = "C=US, ST=WA, O=acme"

const statement = {
  name: "p",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:acme"],
  trustedIdentities: ["*"],
}

/** Changes to the one statement of a document. */
const statements: readonly object[] = [
  {},
  { name: "" },
  { name: null },
  { name: 'q"\u00e9\t' },
  ...["", "Strict", "skip", "audit", "permissive"].map((level) => ({ signatureVerification: { level } })),
  { signatureVerification: null },
  { signatureVerification: { level: "skip" }, trustStores: [], trustedIdentities: [] },
  { signatureVerification: { level: "skip" }, trustStores: null, trustedIdentities: null },
  { signatureVerification: { level: "skip", override: { expiry: "log" } } },
  ...["integrity", "authenticity", "authenticTimestamp", "expiry", "revocation", "nope", ""].flatMap((key) =>
    ["enforce", "log", "skip", "ignore", ""].map((value) => ({
      signatureVerification: { level: "strict", override: { [key]: value } },
    })),
  ),
  ...["always", "afterCertExpiry", "never", ""].map((verifyTimestamp) => ({
    signatureVerification: { level: "strict", verifyTimestamp },
  })),
  ...[
    [],
    ["acme"],
    ["CA:acme"],
    ["ca:"],
    ["ca:a/b"],
    ["ca:.."],
    ["ca:a:b"],
    ["tsa:a", "ca:b"],
    ["signingAuthority:x"],
  ].map((trustStores) => ({ trustStores })),
  ...[
    [],
    [""],
    ["*", "*"],
    ["*", `x509.subject:${DN}`],
    ["x"],
    [":"],
    ["arn:aws:1"],
    ["x509.subject:"],
    ["x509.subject"],
    ["x509.subject: "],
    [`x509.subject: ${DN}`],
    ["x509.subject:C=US;S=WA;O=acme"],
    ["x509.subject:C=US,S=WA,ST=x,O=acme"],
    ["x509.subject:C=US,ST=WA"],
    ["x509.subject:C=US,ST=,O=a"],
    ["x509.subject:C=US,ST=WA,O=#31"],
    ["x509.subject:C=US,ST=WA,O= #31"],
    ["x509.subject:C=US+ST=WA,O=a"],
    ["x509.subject:c=US,st=WA,o=a"],
    ["x509.subject:C=US,ST=WA,O=a\\, b"],
    ["x509.subject:C=US,ST=WA,O=a\\"],
    ["x509.subject:C=US,ST=WA,O=a\\zz"],
    ["x509.subject:C=US,ST=WA,O=a,"],
    ["x509.subject:C=US,ST=WA,O=a,CN"],
    ["x509.subject:C=US,ST=WA,O=a,OU=,OU=b"],
    ["x509.subject:C=US,ST=WA,O=a,OU=b,OU=b"],
    [`x509.subject:${DN}`, `x509.subject:${DN},L=x`],
    [`x509.subject:${DN},L=x`, `x509.subject:${DN}`],
    [`x509.subject:${DN}`, "x509.subject:O=acme,C=US,ST=WA"],
    [`x509.subject:${DN},L=x`, `x509.subject:${DN},L=y`],
  ].map((trustedIdentities) => ({ trustedIdentities })),
]

const scopes: readonly (readonly string[])[] = [
  [],
  ["*", "a/b"],
  ["**"],
  ["a/*"],
  ["a"],
  ["/a"],
  ["a/"],
  ["https://a/b"],
  ["a/b:tag"],
  ["a/b@sha256:00"],
  ["a/B"],
  ["A/b"],
  ["a:/b"],
  ["a:1/b"],
  ["a:x/b"],
  ["-a/b"],
  ["a-/b"],
  ["a..b/c"],
  ["a.b/c"],
  ["a_b/c"],
  ["[::1]/a"],
  ["a/b//c"],
  ["a/b__c"],
  ["a/b___c"],
  ["a/b..c"],
  ["a/b._c"],
  ["a/b---c"],
  ["a/b-"],
  ["a/-b"],
  ["a/b\n"],
  ["a/b", "a/b"],
  ["a/b/c/d.e_f-g", "b/c"],
]

/** Documents as a whole. */
const documents: readonly object[] = [
  {},
  { version: "" },
  { version: "1" },
  { version: "1.0" },
  { version: "1.0", trustPolicies: null },
  { version: "1.0", trustPolicies: [] },
  { version: "1.0", trustPolicies: [statement, statement] },
  { version: "1.0", trustPolicies: [statement, { ...statement, name: "q" }] },
  {
    version: "1.0",
    trustPolicies: [
      { ...statement, registryScopes: ["a/b"] },
      { ...statement, name: "" },
    ],
  },
  { version: "1.0", more: 1, trustPolicies: [{ ...statement, extra: true }] },
]

const of = (change: object): object => ({ version: "1.0", trustPolicies: [{ ...statement, ...change }] })
const oci = [...documents, ...statements.map(of), ...scopes.map((registryScopes) => of({ registryScopes }))]

const blobs = [
  ...documents,
  ...statements.map(of),
  of({ globalPolicy: true }),
  {
    version: "1.0",
    trustPolicies: [
      { ...statement, globalPolicy: true },
      { ...statement, name: "q", globalPolicy: true },
    ],
  },
]

function verdict(parse: () => unknown): string {
  try {
    parse()
    return ""
  } catch (error) {
    return asToolError(error).what
  }
}

async function compare(
  name: "notation" | "notation2",
  command: readonly string[],
  all: readonly object[],
  parse: (bytes: Uint8Array) => unknown,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-policies-"))
  try {
    for (const [index, document] of all.entries()) {
      const text = JSON.stringify(document)
      const path = join(folder, `${index}.json`)
      writeFileSync(path, text)
      const options = { cwd: folder, env: { NOTATION_CONFIG: join(folder, "config") } }
      const { stderr } = await peer(name, [...command, "import", path, "--force"], options)
      const theirs = /^Error: failed to validate [a-zA-Z ]+?: ([^]*)\n$/.exec(stderr)?.[1] ?? ""
      expect({ text, says: verdict(() => parse(new TextEncoder().encode(text))) }).toEqual({ text, says: theirs })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe.skipIf(!havePeers("notation"))("notation 1.3", () => {
  it("says the same of policies for artifacts", () =>
    compare("notation", ["policy"], oci, (bytes) => parseOciPolicy(bytes, "v1")))
})

describe.skipIf(!havePeers("notation2"))("notation 2", () => {
  it("says the same of policies for artifacts", () =>
    compare("notation2", ["policy"], oci, (bytes) => parseOciPolicy(bytes, "v2")))
  it("says the same of policies for blobs", () => compare("notation2", ["blob", "policy"], blobs, parseBlobPolicy))
})
