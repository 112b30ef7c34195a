/** Mistakes in the flags about certificates and timestamps: what the program says, and that nothing was done. */
import { createPublicKey } from "node:crypto"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { sign } from "../../../src/library/sign.ts"
import { verify } from "../../../src/library/verify.ts"
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

/** Whatever is asked of the certificates of the one artifact. */
function verified(...flags: readonly string[]): Promise<Ran> {
  return rig.countersign("verify", ...flags, artifact.reference)
}

const oneLine = ({ stderr }: Ran): string => stderr.replace(/\s+/g, " ")

describe("--trust-store that leads nowhere is a mistake, no answer about the artifact", () => {
  it.each([
    ["ca:nosuch", "E_TRUST_MISSING", "countersign trust add --store ca:nosuch FILE"],
    ["ca:DIR/nosuch.pem", "E_FILE_NOT_FOUND", "countersign trust add --store ca:NAME FILE"],
    ["ca:DIR/signer.key", "E_TRUST_MALFORMED", "`ca:./root.pem`"],
    ["ca:DIR/signer.pem", "E_TRUST_MALFORMED", "`ca:./root.pem`"],
    ["ca:DIR/hello.txt", "E_TRUST_MALFORMED", "`ca:./root.pem`"],
    ["tsa:DIR/root.pem", "E_TRUST_MISSING", "expected one of type ca or signingAuthority"],
    ["DIR/root.pem", "E_USAGE", "write it as `--trust-store ca:DIR/root.pem`"],
    ["CA:DIR/root.pem", "E_USAGE", "write it as `--trust-store ca:DIR/root.pem`"],
    ["root.pem", "E_USAGE", "write it as `--trust-store ca:./root.pem`"],
    ["signingauthority:x", "E_USAGE", "write it as `--trust-store signingAuthority:x`"],
    ["ca:", "E_USAGE", "write it as `--trust-store ca:NAME`"],
    ["ca:a b", "E_USAGE", "is no name"],
  ])("%s", async (written, code, text) => {
    const store = written.replace("DIR", rig.folder)
    const requests = rig.registry.requests.length
    for (const command of ["verify", "explain"]) {
      const ran = await rig.countersign(command, "--trust-store", store, "--identity", "*", artifact.reference)
      expect(ran).toMatchObject({ exit: 2, stdout: "" })
      expect(ran.stderr).toContain(`[${code}]`)
      expect(oneLine(ran)).toContain(text.replace("DIR", rig.folder))
      expect(oneLine(ran)).not.toMatch(/:file"|trust policy|field named/)
    }
    expect(rig.registry.requests).toHaveLength(requests)
    const file = ["--blob", rig.path("hello.txt"), "--signature", rig.path("hello.txt")]
    const ran = await rig.countersign("verify", "--trust-store", store, "--identity", "*", ...file)
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
    const certificates = { trustStores: [store], identities: ["*"] }
    await expect(verify({ artifacts: [artifact.reference], certificates })).rejects.toMatchObject({
      code,
      kind: "usage",
    })
  })

  it("one of several suffices to end it", async () => {
    const ran = await verified("--trust-store", "ca:test", "--trust-store", "ca:nosuch", "--identity", "*")
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
  })
})

describe("mistakes are told in words of the command line", () => {
  const CASES: readonly (readonly [readonly string[], string])[] = [
    [["--identity", "C=US, ST=WA, O=acme"], '`--identity "x509.subject: C=US, ST=WA, O=acme"`'],
    [["--identity", "acme"], "expected KIND:VALUE"],
    [
      ["--identity", "x509.subjet: C=US, ST=WA, O=acme"],
      'its kind is "x509.subjet", expected x509.subject:, x509.thumb',
    ],
    [["--identity", ""], "an empty identity"],
    [["--identity", "x509.subject: CN=only"], 'has no mandatory RDN attribute for "C"'],
    [["--identity", "x509.san:example.com"], "expected DNS:NAME, email:ADDRESS"],
    [["--identity", "*", "--identity", "x509.serial:1"], "everybody and somebody at once"],
    [["--identity", "*", "--identity", "*"], "everybody and somebody at once"],
    [
      ["--identity", "x509.subject: C=US, ST=WA, O=a", "--identity", "x509.subject: C=US, ST=WA, O=a, CN=b"],
      "one identity is part of another",
    ],
    [["--identity", "*", "--level", "none"], "strict, permissive, audit"],
    [["--identity", "*", "--override", "expiry"], "write it as `--override expiry=log`"],
    [["--identity", "*", "--override", "nonsense"], "expected VALIDATION=ACTION"],
    [["--identity", "*", "--override", "revocaton=log"], 'the validation is "revocaton", expected one of'],
    [["--identity", "*", "--override", "expiry=ignore"], 'the action is "ignore", expected one of enforce, log, skip'],
    [["--identity", "*", "--override", "expiry=skip"], "revocation alone can be skipped"],
    [["--identity", "*", "--override", "integrity=log"], "integrity cannot be overridden"],
  ]

  it.each(CASES)("%j", async (flags, text) => {
    const ran = await verified("--trust-store", "ca:test", ...flags)
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
    expect(ran.stderr).toContain("[E_USAGE]")
    expect(oneLine(ran)).toContain(text)
    expect(oneLine(ran)).not.toMatch(
      /command line (?:has|uses)|trust policy|trusted identity|custom signature|field named/,
    )
  })
})

describe("what to do next", () => {
  const key = (): readonly string[] => ["--key", rig.path("signer.key")]
  const chain = (): readonly string[] => ["--cert-chain", rig.path("signer.pem")]

  it("a private key instead of certificates is called one", async () => {
    const wrong = rig.path("signer.key")
    for (const argv of [
      ["sign", ...key(), "--cert-chain", wrong, "--format", "notation", artifact.reference],
      ["cert", "doctor", wrong],
      ["trust", "add", "--yes", "--store", "ca:key", wrong],
      ["verify", "--trust-store", `ca:${wrong}`, "--identity", "*", artifact.reference],
      ["sign", ...key(), ...chain(), "--format", "notation", "--timestamp-url", "http://127.0.0.1:1/"].concat([
        "--timestamp-root",
        wrong,
        artifact.reference,
      ]),
    ]) {
      const ran = await rig.countersign(...argv)
      expect(ran, argv[0]).toMatchObject({ exit: 2, stdout: "" })
      expect(oneLine(ran)).toContain("this is a private key, expected certificates")
    }
    const ran = await rig.countersign(
      "sign",
      ...key(),
      "--cert-chain",
      wrong,
      "--format",
      "notation",
      artifact.reference,
    )
    expect(oneLine(ran)).toContain("leaf first, root last")
    expect(oneLine(ran)).not.toContain("keys generate")
  })

  it.each(["cert-chain", "expires"])("--%s without a notation format", async (flag) => {
    const value = flag === "expires" ? "1h" : rig.path("signer.pem")
    const file = ["--blob", rig.path("hello.txt"), "--bundle", rig.path("never.json")]
    for (const target of [[artifact.reference], file]) {
      const ran = await rig.countersign("sign", ...key(), `--${flag}`, value, ...target)
      expect(ran).toMatchObject({ exit: 2, stdout: "" })
      expect(oneLine(ran)).toContain("add `--format notation`")
    }
  })

  it("a file and a trust store without signature: bundles hold none", async () => {
    const ran = await verifiedFile()
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
    expect(oneLine(ran)).toContain("pass `--signature FILE`")
    expect(oneLine(ran)).not.toContain("--bundle")
    expect(await verifiedFile("--bundle", rig.path("hello.txt"))).toMatchObject({ exit: 2, stdout: "" })
  })

  function verifiedFile(...flags: readonly string[]): Promise<Ran> {
    return rig.countersign(
      ...["verify", "--trust-store", "ca:test", "--identity", "*", "--blob", rig.path("hello.txt")],
      ...flags,
    )
  }

  it.each<[string, () => string, () => string, string, string]>([
    [
      "a root of somebody else",
      () => rig.authority.timestampUrl,
      () => rig.path("root.pem"),
      "E_TSA_UNTRUSTED",
      "--timestamp-root",
    ],
    [
      "a path that is not there",
      () => `${rig.authority.url}/nowhere`,
      () => rig.path("tsa.pem"),
      "E_TSA_INVALID",
      "path of the URL",
    ],
  ])("a timestamp: %s", async (_name, url, root, code, text) => {
    const ran = await signed("--format", "notation", "--timestamp-url", url(), "--timestamp-root", root())
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain(`[${code}]`)
    expect(oneLine(ran)).toContain(text)
    expect(oneLine(ran)).not.toMatch(/to a store|report it/)
  })

  it.each([
    ["30d", "720h"],
    ["365d", "8760h"],
    ["1y", "720h"],
    ["soon", "720h"],
    ["30", "720h"],
  ])("a duration of %s: %s", async (text, better) => {
    for (const argv of [
      ["sign", ...key(), ...chain(), "--format", "notation", "--expires", text, artifact.reference],
      ["cert", "self-sign", ...key(), "--subject", "C=US,ST=WA,O=a,CN=b", "--cert", "x.pem", "--lifetime", text],
    ]) {
      const ran = await rig.countersign(...argv)
      expect(ran.exit).toBe(2)
      expect(oneLine(ran)).toContain(`units are h, m and s: write it as \`${better}\``)
    }
  })

  it("cert self-sign onto a file that is there", async () => {
    const name = ["--subject", "C=US,ST=WA,O=a,CN=b", "--cert", rig.path("root.pem")]
    const ran = await rig.countersign("cert", "self-sign", ...key(), ...name)
    expect(ran).toMatchObject({ exit: 4, stdout: "" })
    expect(oneLine(ran)).toContain("`--overwrite`")
  })

  it("a key for what certificates alone verify", async () => {
    const pub = rig.write("signer.pub", createPublicKey(signer.keyPem).export({ type: "spki", format: "pem" }))
    const sig = rig.path("hello.jws.sig")
    const made = ["--blob", rig.path("hello.txt"), "--format", "notation", "--signature", sig]
    expect(await rig.countersign("sign", ...key(), ...chain(), ...made)).toMatchObject({ exit: 0 })
    for (const target of [[artifact.reference], ["--blob", rig.path("hello.txt"), "--signature", sig]]) {
      const ran = await rig.countersign("verify", "--key", pub, ...target)
      expect(ran.exit).toBe(1)
      expect(oneLine(ran)).toContain("--trust-store ca:NAME --identity")
      expect(oneLine(ran)).toMatch(
        /found notation(?:-cose)?, notation(?:-cose)?, expected cosign-v3|saw a notation signature, which is verified by certificates/,
      )
      expect(oneLine(ran)).not.toContain("expected key signature")
    }
  })
})

describe("a signer who was not named", () => {
  it.each([
    ["x509.subject: C=US, ST=WA, O=Somebody Else", "x509.subject: C=US, ST=WA, O=Somebody Else"],
    ["x509.subject: C=US, ST=WA, O=countersign test", "x509.subject: C=US, ST=WA, O=countersign test"],
    ["x509.san:DNS:build.example", "x509.san:DNS:build.example"],
    ["arn:aws:signer:1", "arn:aws:signer:1"],
  ])("%s: observed and expected, without the words of policy files", async (identity, expected) => {
    const trusted = ["--trust-store", "ca:test", "--identity", identity]
    const ran = await verified(...trusted)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("[E_CERT_IDENTITY]")
    expect(oneLine(ran)).toContain(
      `saw a certificate made out to CN=Test Signer,O=Countersign Test,ST=WA,C=US, expected ${expected} (its thumbprint`,
    )
    const explained = await rig.countersign("explain", ...trusted, artifact.reference)
    expect(explained.exit).toBe(1)
    for (const text of [ran.stdout, ran.stderr, explained.stdout]) expect(text).not.toMatch(/map\[|trust policy/)
  })

  it("the face says it as notation does", async () => {
    rig.policy({ trustedIdentities: ["x509.subject: C=US, ST=WA, O=Somebody Else"] })
    const ran = await rig.notation("verify", artifact.reference)
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain('[map["C":"US" "O":"Somebody Else" "ST":"WA"]] defined in the trust policy "all"')
  })
})

describe("revocation of a timestamp authority that nobody tells", () => {
  it("is part of the timestamp: --override authenticTimestamp=log helps, that of revocation does not", async () => {
    const revocable = await startRig()
    try {
      revocable.trust("ca:test", revocable.authority.rootPem)
      revocable.trust("tsa:test", revocable.authority.timestampRootPem)
      const own = await revocable.authority.issueSigner({ revocation: "none" })
      const sub = await revocable.push()
      const stamp = ["--timestamp-url", revocable.authority.timestampUrl]
      const root = ["--timestamp-root", revocable.write("tsa.pem", revocable.authority.timestampRootPem)]
      const signing = [
        "--key",
        revocable.write("s.key", own.keyPem),
        "--cert-chain",
        revocable.write("s.pem", own.chainPem),
      ]
      const ran = await revocable.countersign(
        "sign",
        ...signing,
        "--format",
        "notation",
        ...stamp,
        ...root,
        sub.reference,
      )
      expect(ran).toMatchObject({ exit: 0, stderr: "" })
      revocable.authority.setFaults({ ocsp: "status-500", crl: "status-500" })
      const stores = ["--trust-store", "ca:test", "--trust-store", "tsa:test", "--identity", "*"]
      for (const [override, exit] of [
        ["revocation=log", 3],
        ["revocation=skip", 3],
        ["authenticTimestamp=log", 0],
      ] as const) {
        const answer = await revocable.countersign("verify", ...stores, "--override", override, sub.reference)
        expect(answer.exit, override).toBe(exit)
        if (exit !== 0) expect(oneLine(answer)).toContain("timestamping certificate with subject")
      }
    } finally {
      await revocable.close()
    }
  })
})
