import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { decodeBase64 } from "../../codec/base64.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificateFile } from "../../crypto/x509/certificate-file.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import type { ChainPurpose } from "./chain-fault.ts"
import { chainFault, validityFault } from "./chain-rules.ts"

interface Case {
  readonly name: string
  readonly purpose: ChainPurpose
  readonly chain: readonly number[]
  readonly upstream: string | null
}

const data = JSON.parse(readFileSync(new URL("testdata/chains.json", import.meta.url), "utf8")) as {
  readonly certificates: readonly string[]
  readonly cases: readonly Case[]
}

function certificatesOf(name: string): Certificate[] {
  const found = data.cases.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no case ${name}`)
  return found.chain.map((index) =>
    parseCertificate(decodeBase64(data.certificates[index] ?? "", { what: "certificate", max: 65536 })),
  )
}

const verdictOf = (name: string, purpose: ChainPurpose = "code-signing", strict = false) =>
  chainFault(certificatesOf(name), purpose, { strict })

/** What upstream accepts, or says in another way, and why we refuse it. */
const DEVIATIONS: ReadonlyMap<string, readonly [code: string, message: RegExp]> = new Map([
  ["alone sha1", ["E_CERT_CHAIN", /insecure algorithm SHA1-RSA/]],
  ["root RSA 1024", ["E_CERT_CHAIN", /the key of the issuer is rsa 1024/]],
  ["root P-224", ["E_CERT_CHAIN", /the key of the issuer is ec 1\.3\.132\.0\.33/]],
  ["leaf RSA 2047", ["E_KEY_TYPE", /rsa key size 2047 bits is not supported/]],
  ["alone RSA 2047", ["E_KEY_TYPE", /rsa key size 2047 bits is not supported/]],
  ["root RSA 2047", ["E_CERT_CHAIN", /the key of the issuer is rsa 2047/]],
  ["critical nameConstraints in the root", ["E_CERT_CHAIN", /name constraints marked critical/]],
  ["unknown critical extension in the leaf", ["E_CERT_CHAIN", /extension 1\.2\.3\.4\.5 marked critical/]],
  ["unknown critical extension in the root", ["E_CERT_CHAIN", /extension 1\.2\.3\.4\.5 marked critical/]],
  ["critical policyConstraints", ["E_CERT_CHAIN", /extension 2\.5\.29\.36 marked critical/]],
  ["eleven certificates", ["E_LIMIT_EXCEEDED", /11 certificates, at most 10/]],
])

describe("chainFault", () => {
  it.each(data.cases.filter(({ name }) => !DEVIATIONS.has(name)))(
    "as upstream: $name",
    ({ name, purpose, upstream }) => {
      expect(verdictOf(name, purpose)?.message ?? null).toBe(upstream)
    },
  )

  it.each([...DEVIATIONS].map(([name, [code, message]]) => ({ name, code, message })))(
    "unlike upstream: $name",
    ({ name, code, message }) => {
      const fault = verdictOf(name)
      expect(fault?.code).toBe(code)
      expect(fault?.message).toMatch(message)
    },
  )

  it.each<[string, string, string, ChainPurpose?]>([
    ["notation-core-go-202", "alone, other issuer name", "E_CERT_CHAIN"],
    ["notation-core-go-202", "alone, signed by another key", "E_CERT_CHAIN"],
    ["notation-core-go-236", "leaf is CA", "E_CERT_USAGE"],
    ["notation-core-go-236", "leaf without digitalSignature", "E_CERT_USAGE"],
    ["notation-core-go-236", "leaf keyUsage not critical", "E_CERT_USAGE"],
    ["notation-core-go-236", "leaf RSA 1024", "E_KEY_TYPE"],
    ["notation-core-go-236", "leaf RSA 2047", "E_KEY_TYPE"],
    ["notation-core-go-236", "leaf P-224", "E_KEY_TYPE"],
    ["notation-core-go-236", "alone sha1", "E_CERT_CHAIN"],
    ["notation-core-go-236", "root sha1", "E_CERT_CHAIN"],
    ["CVE-2024-24783", "root Ed448", "E_CERT_CHAIN"],
    ["CVE-2020-7919", "root DSA", "E_CERT_CHAIN"],
    ["CVE-2025-22874", "timestamping, EKU any", "E_CERT_USAGE", "timestamping"],
    ["CVE-2025-22874", "timestamping, no EKU", "E_CERT_USAGE", "timestamping"],
    ["CVE-2025-61727", "critical nameConstraints in the root", "E_CERT_CHAIN"],
    ["CVE-2018-16875", "eleven certificates", "E_LIMIT_EXCEEDED"],
  ])("adv: %s %s", (_, name, code, purpose) => {
    expect(verdictOf(name, purpose)?.code).toBe(code)
  })

  it("adv: CVE-2025-22874 any extended usage is refused when strict", () => {
    expect(verdictOf("leaf EKU any", "code-signing", true)).toMatchObject({ code: "E_CERT_USAGE" })
    expect(verdictOf("leaf P-256", "code-signing", true)).toBeUndefined()
  })

  it.each(["root not CA", "root CA false", "intermediate CA false"])("needs issuers that say they are: %s", (name) => {
    expect(verdictOf(name)?.code).toBe("E_CERT_CHAIN")
  })

  it("tells purposes apart", () => {
    expect(verdictOf("leaf P-256", "timestamping")?.code).toBe("E_CERT_USAGE")
    expect(verdictOf("timestamping", "code-signing")?.code).toBe("E_CERT_USAGE")
  })

  it("notices any byte changed", () => {
    const chain = certificatesOf("three")
    for (const [index, certificate] of chain.entries()) {
      for (const at of [certificate.raw.length - 3, certificate.raw.indexOf(0x57)]) {
        const changed = Uint8Array.from(certificate.raw)
        changed[at] = (changed[at] ?? 0) ^ 0x02
        const other = chain.map((one, i) => (i === index ? parseCertificate(changed) : one))
        expect(chainFault(other, "code-signing")?.code).toBe("E_CERT_CHAIN")
      }
    }
  })
})

describe("chains of other programs", () => {
  const FOLDER = new URL("../../../../shared/vectors/notation/x509/testdata/", import.meta.url)
  const present = existsSync(FOLDER)
  if (!present) console.warn("skipped: vectors notation/x509 are absent")
  const load = (...files: string[]) =>
    files.flatMap((file) => parseCertificateFile(readFileSync(new URL(file, FOLDER))))

  it.skipIf(!present)("accepts a chain of a public timestamp authority, whole and in order", () => {
    const [leaf, intermediate, root] = [
      "timestamp_leaf.crt",
      "timestamp_intermediate.crt",
      "timestamp_root.crt",
    ] as const
    expect(chainFault(load(leaf, intermediate, root), "timestamping")).toBeUndefined()
    expect(chainFault(load(leaf, intermediate), "timestamping")?.code).toBe("E_CERT_CHAIN")
    expect(chainFault(load(leaf, root), "timestamping")?.code).toBe("E_CERT_CHAIN")
    expect(chainFault(load(intermediate, root), "timestamping")?.code).toBe("E_CERT_USAGE")
    expect(chainFault(load(leaf, intermediate, root), "code-signing")?.code).toBe("E_CERT_USAGE")
    expect(chainFault(load(leaf, intermediate, root, root), "timestamping")?.code).toBe("E_CERT_CHAIN")
  })

  it.skipIf(!present)("accepts a self-signed certificate of OpenSSL", () => {
    expect(chainFault(load("openssl-minimum-self-signed.pem"), "code-signing")).toBeUndefined()
    expect(chainFault(load("openssl-minimum-self-signed.pem"), "timestamping")?.code).toBe("E_CERT_USAGE")
  })

  it("agrees with OpenSSL about a chain that it makes", ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), "chain-"))
    const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" })
    try {
      openssl("version")
    } catch {
      console.warn("skipped: no openssl")
      rmSync(folder, { recursive: true })
      skip()
    }
    try {
      writeFileSync(join(folder, "cnf"), "[req]\ndistinguished_name=dn\n[dn]\n")
      writeFileSync(join(folder, "ca"), "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n")
      writeFileSync(join(folder, "leaf"), "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n")
      const request = (name: string, ...more: string[]) =>
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout", `${name}.key`, "-config", "cnf", "-subj", `/C=DE/ST=Berlin/O=A, B + "C"/CN= ${name}`, ...more) // prettier-ignore
      request("root", "-x509", "-out", "root.pem", "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign") // prettier-ignore
      for (const [name, issuer, extensions] of [
        ["mid", "root", "ca"],
        ["end", "mid", "leaf"],
      ] as const) {
        request(name, "-out", `${name}.csr`)
        openssl("x509", "-req", "-in", `${name}.csr`, "-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-set_serial", "0x8000000000000001", "-extfile", extensions, "-sha384", "-out", `${name}.pem`) // prettier-ignore
      }
      expect(openssl("verify", "-CAfile", "root.pem", "-untrusted", "mid.pem", "end.pem").toString()).toContain("OK")
      const chain = ["end", "mid", "root"].flatMap((name) =>
        parseCertificateFile(readFileSync(join(folder, `${name}.pem`))),
      )
      expect(chainFault(chain, "code-signing")).toBeUndefined()
      expect(chain[0]?.serial).toBe(0x8000000000000001n)
      expect(chainFault(chain.toReversed(), "code-signing")?.code).toBe("E_CERT_CHAIN")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe("validityFault", () => {
  const chain = certificatesOf("three")
  const [from, until] = [Date.UTC(2026, 0, 1), Date.UTC(2036, 0, 1)]

  it.each([
    ["first moment", from, undefined],
    ["last moment", until, undefined],
    ["before", from - 1000, "E_CERT_NOT_YET_VALID"],
    ["after", until + 1000, "E_CERT_EXPIRED"],
  ])("%s", (_, at, code) => {
    expect(validityFault(chain, at)?.code).toBe(code)
  })

  it("looks at every certificate", () => {
    const expired = chain.map((certificate, i) => (i === 2 ? { ...certificate, notAfter: from + 1 } : certificate))
    expect(validityFault(expired, from + 2)?.code).toBe("E_CERT_EXPIRED")
  })

  it("says it as upstream", () => {
    expect(validityFault(chain, from - 1000)?.message).toBe(
      'certificate with subject "CN=leaf,O=Notary,ST=WA,C=US" was invalid at signing time of 2025-12-31 23:59:59 +0000 UTC. Certificate is valid from [2026-01-01 00:00:00 +0000 UTC] to [2036-01-01 00:00:00 +0000 UTC]',
    )
  })
})
