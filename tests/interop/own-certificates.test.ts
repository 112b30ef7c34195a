/** Both real cosigns accept what our own commands sign with a certificate of a private authority that names no issuer. */
import { readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { encodeBase64 } from "../../src/codec/base64.ts"
import { firstPem } from "../../src/codec/pem.ts"
import { expectExit, startKeylessWorld, type KeylessWorld } from "../services/keyless-world.ts"
import { makeOwnAuthority, OWNER } from "../services/own-authority.ts"
import { expectCode, havePeers, peer, type Finished } from "./peers.ts"

const ABOUT = ["--type", "custom", "--predicate", "predicate.json"]
const WHOM = ["--certificate-identity", OWNER, "--certificate-oidc-issuer-regexp", ".*", "--insecure-ignore-sct"]

let world: KeylessWorld

const path = (name: string): string => world.program.path(name)
const ours = () => ["--key", path("own.key"), "--cert-chain", path("own.pem")]
const log = () => ["--log", "--yes", "--rekor-url", world.sandbox.services.rekor, ...world.root()]
const stamp = () => ["--timestamp-url", world.sandbox.services.timestamp, ...world.root()]

/** What vouches besides: our flags of signing, and what real verifiers are told. */
const WITNESSES: Readonly<Record<string, readonly [() => readonly string[], readonly string[]]>> = {
  "a log": [log, []],
  "a timestamp": [stamp, ["--insecure-ignore-tlog=true", "--use-signed-timestamps"]],
  "a log and a timestamp": [() => [...log(), ...stamp().slice(0, 2)], ["--use-signed-timestamps"]],
}

async function signed(command: "sign" | "attest", ...flags: readonly string[]): Promise<string> {
  const reference = await world.image()
  const ran = await world.program.run(command, ...ours(), ...flags, ...(command === "attest" ? ABOUT : []), reference)
  expectExit(ran, 0)
  return reference
}

function real(tool: "cosign2" | "cosign3", ...args: readonly string[]): Promise<Finished> {
  // cosign 3 takes everything from the trusted root.
  const env = tool === "cosign2" ? world.sandbox.environment : {}
  const trust = tool === "cosign2" ? ["--ca-roots", path("ca.crt")] : ["--trusted-root", path("own-root.json")]
  return peer(tool, [args[0]!, ...WHOM, ...trust, ...args.slice(1)], { cwd: path("."), env })
}

describe.runIf(havePeers("openssl", "cosign2", "cosign3"))("signatures with certificates of one's own", () => {
  beforeAll(async () => {
    world = await startKeylessWorld()
    makeOwnAuthority(path("."))
    const root = JSON.parse(await readFile(path("root.json"), "utf8")) as Record<string, unknown>
    for (const [file, ca] of [
      ["own-root.json", "ca.crt"],
      ["other-root.json", "other-ca.crt"],
    ] as const) {
      const rawBytes = encodeBase64(firstPem(await readFile(path(ca), "utf8"))!.bytes)
      const authority = {
        subject: { organization: "own", commonName: "own" },
        uri: "https://ca.example",
        certChain: { certificates: [{ rawBytes }] },
        validFor: { start: "2024-01-01T00:00:00Z" },
      }
      await world.program.write(file, JSON.stringify({ ...root, certificateAuthorities: [authority] }))
    }
  })

  afterAll(() => world.close())

  describe.each(Object.keys(WITNESSES))("with %s", (name) => {
    const [signing, demand] = WITNESSES[name]!

    it("cosign-v2, by cosign 2", async () => {
      const flags = [...signing(), "--format", "cosign-v2"]
      expectCode(await real("cosign2", "verify", ...demand, await signed("sign", ...flags)), 0)
      const attested = await signed("attest", ...flags)
      expectCode(await real("cosign2", "verify-attestation", ...demand, "--type", "custom", attested), 0)
    })

    it("cosign-v3, by cosign 3", async () => {
      const reference = await signed("sign", ...signing())
      expectCode(await real("cosign3", "verify", ...demand, reference), 0)
      const attested = await signed("attest", ...signing())
      expectCode(await real("cosign3", "verify-attestation", ...demand, "--type", "custom", attested), 0)
      const file = ["--bundle", path("own.json")]
      expectExit(await world.program.run("sign", ...ours(), ...signing(), "--blob", "app.txt", ...file), 0)
      expectCode(await real("cosign3", "verify-blob", ...demand, ...file, path("app.txt")), 0)
      expectExit(await world.program.run("attest", ...ours(), ...signing(), ...ABOUT, "--blob", "app.txt", ...file), 0)
      const statement = ["--type", "custom", ...file, path("app.txt")]
      expectCode(await real("cosign3", "verify-blob-attestation", ...demand, ...statement), 0)
    })
  })

  it("cosign-v2 without witnesses, by cosign 2; and neither accepts somebody else's authority", async () => {
    const plain = await signed("sign", "--format", "cosign-v2")
    expectCode(await real("cosign2", "verify", "--insecure-ignore-tlog=true", plain), 0)
    const other = [...WHOM, "--insecure-ignore-tlog=true", "--ca-roots", path("other-ca.crt")]
    expect((await peer("cosign2", ["verify", ...other, plain], { cwd: path("."), env: {} })).code).not.toBe(0)
    const logged = await signed("sign", ...log())
    const root = [...WHOM, "--trusted-root", path("other-root.json")]
    expect((await peer("cosign3", ["verify", ...root, logged], { cwd: path("."), env: {} })).code).not.toBe(0)
  })
})
