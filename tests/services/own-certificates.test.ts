/** A key's certificate of an authority of one's own lies in cosign's formats, and is accepted by the name it certifies. */
import { readFile } from "node:fs/promises"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { havePeers } from "../interop/peers.ts"
import { expectExit, startKeylessWorld, type KeylessWorld } from "./keyless-world.ts"
import { makeOwnAuthority, OWNER } from "./own-authority.ts"

const FORMATS = ["cosign-v3", "cosign-v2"] as const
const ABOUT = ["--type", "custom", "--predicate", "predicate.json"]

let world: KeylessWorld

const path = (name: string): string => world.program.path(name)
const own = (): readonly string[] => ["--key", path("own.key"), "--cert-chain", path("own.pem")]

/** Flags that accept the owner. */
function trust(...changes: readonly string[]): readonly string[] {
  return ["--ca-roots", path("ca.crt"), "--sct", "ignore", "--identity", OWNER, "--issuer", "none", ...changes]
}

/** Flags of signing and of verifying, by what vouches besides. */
const WITNESSES: Readonly<Record<string, () => readonly [readonly string[], readonly string[]]>> = {
  nothing: () => [[], ["--log", "ignore"]],
  "a log": () => [
    ["--log", "--yes", "--rekor-url", world.sandbox.services.rekor, ...world.root()],
    ["--log", "require", ...world.root()],
  ],
  "a timestamp": () => [
    ["--timestamp-url", world.sandbox.services.timestamp, ...world.root()],
    ["--log", "ignore", "--timestamps", "1", ...world.root()],
  ],
  "a log and a timestamp": () => [
    [
      ...["--log", "--yes", "--rekor-url", world.sandbox.services.rekor, ...world.root()],
      ...["--timestamp-url", world.sandbox.services.timestamp],
    ],
    ["--timestamps", "1", ...world.root()],
  ],
}

describe.runIf(havePeers("openssl"))("certificates of one's own", () => {
  beforeAll(async () => {
    world = await startKeylessWorld()
    makeOwnAuthority(path("."))
  }, 60_000)

  afterEach(() => {
    world.sandbox.reset()
    world.registry.reset()
  })

  afterAll(() => world.close())

  const run = (...argv: readonly string[]) => world.program.run(...argv)

  describe.each(Object.keys(WITNESSES))("with %s", (name) => {
    it.each(FORMATS)("sign and attest an artifact, %s", async (format) => {
      const [signing, verifying] = WITNESSES[name]!()
      const reference = await world.image()
      expectExit(await run("sign", ...own(), ...signing, "--format", format, reference), 0)
      expectExit(await run("verify", ...trust(...verifying), reference), 0)
      const attested = await world.image()
      expectExit(await run("attest", ...own(), ...signing, ...ABOUT, "--format", format, attested), 0)
      expectExit(await run("verify", ...trust(...verifying), "--attestation", "custom", attested), 0)
    })

    it("sign and attest a file", async () => {
      const [signing, verifying] = WITNESSES[name]!()
      const file = ["--blob", "app.txt", "--bundle", path("own.json")]
      expectExit(await run("sign", ...own(), ...signing, ...file), 0)
      expectExit(await run("verify", ...trust(...verifying), ...file), 0)
      const bundle = await readFile(path("own.json"), "utf8")
      expect(bundle).toContain('"certificate":')
      expectExit(await run("attest", ...own(), ...signing, ...ABOUT, ...file), 0)
      expectExit(await run("verify", ...trust(...verifying), "--attestation", "custom", ...file), 0)
    })
  })

  describe.each(FORMATS)("%s", (format) => {
    it("is accepted by nobody who asks for somebody else", async () => {
      const reference = await world.image()
      expectExit(await run("sign", ...own(), "--format", format, reference), 0)
      const base = ["--sct", "ignore", "--log", "ignore"]
      for (const [flags, code] of [
        [
          [...base, "--ca-roots", path("ca.crt"), "--identity", "bob@example.com", "--issuer", "none"],
          "E_CERT_IDENTITY",
        ],
        [
          [...base, "--ca-roots", path("ca.crt"), "--identity", OWNER, "--issuer", "https://accounts.google.com"],
          "E_CERT_IDENTITY",
        ],
        [[...base, "--ca-roots", path("other-ca.crt"), "--identity", OWNER, "--issuer", "none"], "E_CERT_UNTRUSTED"],
        [[...base, ...world.root(), "--identity", OWNER, "--issuer", "none"], "E_CERT_UNTRUSTED"],
        [
          ["--ca-roots", path("ca.crt"), "--sct", "ignore", ...world.root(), "--identity", OWNER, "--issuer", "none"],
          "E_TLOG_MISSING",
        ],
      ] as const) {
        const ran = await run("verify", ...flags, reference)
        expectExit(ran, 1)
        expect(ran.stderr).toContain(code)
      }
    })
  })

  it("cosign-v3 holds the leaf, cosign-v2 the chain too", async () => {
    const lines = async (format: string): Promise<string> => {
      const reference = await world.image()
      expectExit(await run("sign", ...own(), "--format", format, reference), 0)
      return (await run("inspect", reference, "--output", "json")).stdout
    }
    expect(await lines("cosign-v2")).toContain("dev.sigstore.cosign/chain")
    expect(await lines("cosign-v3")).toContain("certificate")
  })

  it("a leaf alone is enough, for verifiers have the root", async () => {
    const reference = await world.image()
    expectExit(await run("sign", "--key", path("own.key"), "--cert-chain", path("own.crt"), reference), 0)
    expectExit(await run("verify", ...trust("--log", "ignore"), reference), 0)
  })

  it("a leaf alone is refused where nothing could check what the services answer", async () => {
    const [signing] = WITNESSES["a log"]!()
    const reference = await world.image()
    const ran = await run("sign", "--key", path("own.key"), "--cert-chain", path("own.crt"), ...signing, reference)
    expect(ran).toMatchObject({ exit: 2, stdout: "" })
    expect(ran.stderr).toContain("its issuers are not there")
    expect(world.posted()).toEqual([])
  })

  it("the plan names the certificate before anything is public", async () => {
    const [signing] = WITNESSES["a log"]!()
    const words = ["sign", ...own(), ...signing, await world.image(), "--preview"]
    world.registry.reset()
    const shown = await run(...words)
    expectExit(shown, 0)
    expect(shown.stdout).toContain(`names ${OWNER}, CN=owner`)
    expect(shown.stdout).toContain("signature, certificate and hashes of what is signed")
    expect(JSON.parse((await run(...words, "--output", "json")).stdout)).toMatchObject({
      key: null,
      certificate: { subject: "CN=owner", names: [OWNER] },
    })
    expect([...world.posted(), ...world.pushed()]).toEqual([])
  })

  it.each<[string, readonly string[], string]>([
    ["another key's certificate", ["--cert-chain", "another.pem"], "is not the key's"],
    ["a certificate without a name", ["--cert-chain", "nameless.pem"], "subject alternative name"],
    ["a certificate for servers", ["--cert-chain", "server.pem"], "code signing"],
    ["a root of somebody else", ["--cert-chain", "stranger.pem"], "vouch for no signature"],
    ["a certificate that has ended", ["--cert-chain", "ended.pem"], "vouch for no signature"],
    ["a root first", ["--cert-chain", "ca.crt"], "is not the key's"],
    ["no certificate", ["--cert-chain", "own.pub"], "cert"],
    ["an identity besides", ["--cert-chain", "own.pem", "--keyless", "--yes"], "--cert-chain cannot be used here"],
  ])("is refused: %s", async (_name, flags, text) => {
    const words = flags.map((word) => (/\.(?:pem|crt|pub)$/.test(word) ? path(word) : word))
    const reference = await world.image()
    world.registry.reset()
    const file = ["--blob", "app.txt", "--bundle", path("never.json")]
    for (const argv of [
      ["sign", reference],
      ["attest", ...ABOUT, reference],
      ["sign", ...file],
      ["attest", ...ABOUT, ...file],
    ]) {
      const ran = await run(argv[0]!, "--key", path("own.key"), ...words, ...argv.slice(1))
      expect(ran, argv.join(" ")).toMatchObject({ exit: 2, stdout: "" })
      expect(ran.stderr.replaceAll(/\s+/g, " ")).toContain(text)
    }
    expect([...world.posted(), ...world.pushed()]).toEqual([])
  })

  it("is refused where nothing holds it", async () => {
    const signature = await run("sign", ...own(), "--blob", "app.txt", "--signature", path("never.sig"))
    expect(signature).toMatchObject({ exit: 2, stdout: "" })
    const envelope = await run("attest", ...own(), ...ABOUT, "--blob", "app.txt", "--envelope", path("never.dsse"))
    expect(envelope).toMatchObject({ exit: 2, stdout: "" })
    expect(await run("sign", ...own(), "--if-missing", await world.image())).toMatchObject({ exit: 2, stdout: "" })
  })

  it("goes into notation's signatures alone where both are asked for, and the key verifies cosign's", async () => {
    const reference = await world.image()
    const ran = await run("sign", ...own(), "--format", "cosign-v3,notation", reference)
    expectExit(ran, 0)
    expectExit(await run("verify", "--key", path("own.pub"), "--format", "cosign-v3", reference), 0)
  })
})
