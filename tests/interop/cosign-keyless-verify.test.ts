/**
 * Both real cosigns sign for identities and keys over the sandbox's services; then they and our faces verify with the same
 * command lines. Exit codes and both streams are compared to the letter, hints of ours aside.
 */
import { afterAll, beforeAll, describe, it } from "vitest"
import { havePeers } from "./peers.ts"
import {
  ABOUT,
  alike,
  BOTH,
  config,
  EMAIL,
  identity,
  image,
  must,
  privateAuthority,
  root,
  same,
  sandbox,
  services,
  somebodyElse,
  start,
  stop,
  stricter,
} from "./verify-twice.ts"

describe.runIf(havePeers(...BOTH))("what cosign signs, verified by it and by us", () => {
  beforeAll(() => start())
  afterAll(stop)

  it("signatures under tags", async () => {
    const plain = await image()
    const stamped = await image()
    const unsigned = await image()
    await must("cosign2", "sign", ...(await services()), "-a", "k=v<", plain)
    const stamp = ["--timestamp-server-url", sandbox.services.timestamp]
    await must("cosign2", "sign", ...(await services()), ...stamp, stamped)
    const pattern = (subject: string): readonly string[] => [
      ...["--certificate-identity-regexp", subject],
      ...["--certificate-oidc-issuer-regexp", "127\\.0"],
    ]
    for (const tool of BOTH) {
      const demand = ["verify", ...identity(), ...root(tool)]
      await same(tool, 0, ...demand, plain)
      await same(tool, 0, "verify", ...identity(), plain)
      await same(tool, 0, ...demand, "-a", "k=v<", plain)
      await same(tool, 0, ...demand, "-o", "text", plain)
      await same(tool, 0, ...demand, stamped)
      await same(tool, 0, ...demand, "--use-signed-timestamps", stamped)
      await same(tool, 0, ...demand, "--offline", plain)
      await same(tool, 0, ...demand, "--insecure-ignore-tlog", plain)
      await same(tool, 0, ...demand, "--insecure-ignore-sct", plain)
      await same(tool, 0, ...demand, "--private-infrastructure", plain)
      await same(tool, 0, "verify", ...pattern("ice@ex"), ...root(tool), plain)
      await same(tool, 12, "verify", ...pattern("^ice@ex"), ...root(tool), plain)
      await same(tool, 12, "verify", ...somebodyElse(), ...root(tool), plain)
      await same(
        tool,
        12,
        ...demand.slice(0, -1),
        ...demand.slice(-1),
        "--certificate-oidc-issuer=https://x.example",
        plain,
      )
      await same(tool, 12, ...demand, "--certificate-github-workflow-name", "x", plain)
      await same(tool, 12, ...demand, "-a", "k=w", plain)
      await same(tool, 10, ...demand, unsigned)
      await alike(tool, 11, ...demand, unsigned.replace(/@.*/, ":none"))
      await same(tool, 1, "verify", ...root(tool), plain)
      await same(tool, 1, "verify", "--certificate-identity", EMAIL, ...root(tool), plain)
      await stricter(tool, 12, ...demand, "--use-signed-timestamps", plain)
    }
    const foreign = ["verify", ...identity(), "--trusted-root", "./elsewhere.json"]
    await same("cosign3", 12, ...foreign, plain)
    // cosign 2.5 takes no notice of a trusted root here.
    await stricter("cosign2", 12, ...foreign, plain)
    await same("cosign3", 1, "verify", ...identity(), "--trusted-root", "./none.json", plain)
    await alike("cosign3", 1, "verify", ...identity(), "--trusted-root", "./v1.json", plain)
  })

  it.each(["v1", "v2"])("bundles, log %s", async (log) => {
    const signed = await image()
    const attested = await image()
    await must("cosign3", "sign", ...(await config(log)), "-a", "k=v<", signed)
    await must("cosign3", "attest", ...(await config(log)), ...ABOUT, attested)
    const trusted = root("cosign3")
    const demand = ["verify", ...identity(), ...trusted]
    await same("cosign3", 0, ...demand, signed)
    await same("cosign3", 0, "verify", ...identity(), signed)
    await same("cosign3", 0, ...demand, "-o", "text", "-a", "k=v<", signed)
    await same("cosign3", 0, ...demand, "--insecure-ignore-sct", signed)
    await same("cosign3", 1, ...demand, "-a", "k=w", signed)
    await same("cosign3", 1, "verify", ...somebodyElse(), ...trusted, signed)
    await same("cosign3", 1, ...demand, "--certificate-oidc-issuer=https://x.example", signed)
    await same("cosign3", 1, ...demand, "--certificate-github-workflow-sha", "x", signed)
    await same("cosign3", 1, ...demand, "--certificate-identity-regexp", "a", signed)
    const foreign = ["verify", ...identity(), "--trusted-root", "./elsewhere.json"]
    for (const more of [[], ["--insecure-ignore-tlog"], ["--insecure-ignore-tlog", "--insecure-ignore-sct"]]) {
      await same("cosign3", 1, ...foreign, ...more, signed)
    }
    if (log === "v2") await same("cosign3", 0, ...demand, "--use-signed-timestamps", signed)
    // It ends with what Go prints of an error that there is none.
    else await alike("cosign3", 1, ...demand, "--use-signed-timestamps", signed)
    // Here alone the list of checks is another: nothing is said of a log that was not asked.
    await alike("cosign3", 0, ...demand, "--insecure-ignore-tlog", signed)
    const about = ["verify-attestation", ...identity(), ...trusted]
    await same("cosign3", 0, ...about, "--type", "custom", attested)
    await same("cosign3", 1, ...about, "--type", "spdxjson", attested)
    await same("cosign3", 1, "verify-attestation", ...somebodyElse(), ...trusted, "--type", "custom", attested)
    // With a warning of ours.
    await alike("cosign3", 0, ...demand, attested)
    await alike("cosign3", 1, "verify", "--key", "./cosign.pub", ...trusted, signed)
  })

  it("attestations under tags", async () => {
    const plain = await image()
    const stamped = await image()
    await must("cosign2", "attest", ...(await services()), ...ABOUT, plain)
    const stamp = ["--timestamp-server-url", sandbox.services.timestamp]
    await must("cosign2", "attest", ...(await services()), ...stamp, ...ABOUT, stamped)
    for (const tool of BOTH) {
      const demand = ["verify-attestation", ...identity(), ...root(tool), "--type"]
      await same(tool, 0, ...demand, "custom", plain)
      await same(tool, 0, ...demand, "custom", "--offline", plain)
      await same(tool, 0, ...demand, "custom", "--use-signed-timestamps", stamped)
      await same(tool, 1, ...demand, "slsaprovenance", plain)
      await same(tool, 1, "verify-attestation", ...somebodyElse(), ...root(tool), "--type", "custom", plain)
    }
  })

  it.each(["v1", "v2"])("bundles of files, log %s", async (log) => {
    await must("cosign3", "sign-blob", ...(await config(log)), "--bundle", `b${log}.json`, "app.txt")
    await must("cosign3", "attest-blob", ...(await config(log)), ...ABOUT, "--bundle", `a${log}.json`, "app.txt")
    const [bundle, attestation] = [
      ["--bundle", `./b${log}.json`],
      ["--type", "custom", "--bundle", `./a${log}.json`],
    ]
    for (const tool of BOTH) {
      const trust = (name: string): readonly string[] => [
        ...(tool === "cosign2" ? ["--new-bundle-format"] : []),
        ...["--trusted-root", tool === "cosign2" ? `./${name}2.json` : `./${name}.json`],
      ]
      // The log's newest entries are more than cosign 2.5 knows.
      const old = tool === "cosign2" && log === "v2"
      const demand = ["verify-blob", ...trust("root"), ...identity(), ...bundle]
      if (!old) {
        await same(tool, 0, ...demand, "./app.txt")
        await alike(tool, 1, ...demand, "./other.txt")
        await alike(tool, 1, "verify-blob", ...trust("elsewhere"), ...identity(), ...bundle, "./app.txt")
        await alike(tool, 1, "verify-blob", ...trust("root"), ...somebodyElse(), ...bundle, "./app.txt")
        const about = ["verify-blob-attestation", ...trust("root"), ...identity()]
        await same(tool, 0, ...about, ...attestation, "./app.txt")
        await alike(tool, 1, ...about, ...attestation, "./other.txt")
        const otherType = [...about, "--type", "spdx", ...attestation.slice(2), "./app.txt"]
        // cosign 2.5 compares the type of what is in no bundle.
        await (tool === "cosign2" ? stricter(tool, 1, ...otherType) : same(tool, 1, ...otherType))
      }
      for (const flag of ["signature", "ca-roots", "rfc3161-timestamp", "sct", "certificate-chain"]) {
        await same(tool, 1, ...demand, `--${flag}`, "x", "./app.txt")
      }
    }
  })

  it("cosign's own bundles, certificates and signatures of files", async () => {
    const { rekor, timestamp } = sandbox.services
    const output = ["--output-signature", "old.sig", "--output-certificate", "old.pem"]
    await must("cosign2", "sign-blob", ...(await services()), "--bundle", "old.json", ...output, "app.txt")
    const stamp = ["--timestamp-server-url", timestamp]
    const stampFile = ["--rfc3161-timestamp", "stamped.tsr"]
    await must(
      "cosign2",
      "sign-blob",
      ...(await services()),
      ...stamp,
      ...stampFile,
      "--bundle",
      "stamped.json",
      "app.txt",
    )
    const attestFile = ["--rfc3161-timestamp-bundle", "att.tsr", "--output-certificate", "att.pem"]
    await must(
      "cosign2",
      "attest-blob",
      ...(await services()),
      ...stamp,
      ...attestFile,
      "--bundle",
      "att.json",
      ...ABOUT,
      "app.txt",
    )
    const detached = ["--certificate", "./old.pem", "--signature", "./old.sig"]
    for (const tool of BOTH) {
      const form = tool === "cosign3" ? ["--new-bundle-format=false"] : []
      const demand = ["verify-blob", ...form, ...identity()]
      const bundle = [...demand, "--bundle", "./old.json"]
      await same(tool, 0, ...bundle, "./app.txt")
      await same(tool, 0, ...bundle, "--signature", "./old.sig", "./app.txt")
      await same(tool, 0, ...bundle, "--certificate", "./old.pem", "./app.txt")
      await same(tool, 0, ...demand, ...detached, "--rekor-url", rekor, "./app.txt")
      const stamped = [...demand, "--bundle", "./stamped.json"]
      await same(tool, 0, ...stamped, "--use-signed-timestamps", "--rfc3161-timestamp", "./stamped.tsr", "./app.txt")
      await same(tool, 1, ...bundle, "./other.txt")
      await same(tool, 1, ...bundle, "--certificate", "./att.pem", "./app.txt")
      await same(tool, 1, ...bundle, ...root("cosign3"), "./app.txt")
      await same(tool, 1, "verify-blob", ...form, ...somebodyElse(), "--bundle", "./old.json", "./app.txt")
      await same(tool, 1, ...stamped, "--signature", "./old.sig", "./app.txt")
      await same(tool, 1, ...demand, ...detached, "--offline", "./app.txt")
      await alike(tool, 1, ...demand, ...detached, "--rekor-url", rekor, "./other.txt")
      await alike(tool, 1, ...bundle, "--use-signed-timestamps", "--rfc3161-timestamp", "./stamped.tsr", "./app.txt")
      await same(tool, 1, ...stamped, "--rfc3161-timestamp", "./stamped.tsr", "./app.txt")
      await same(tool, 1, ...stamped, "--use-signed-timestamps", "./app.txt")
      await same(tool, 1, "verify-blob", ...form, "--signature", "./old.sig", "./app.txt")
      const about = ["verify-blob-attestation", ...form, ...identity(), "--type", "custom", "--bundle", "./att.json"]
      await same(tool, 0, ...about, "./app.txt")
      await same(tool, 0, ...about, "--use-signed-timestamps", "--rfc3161-timestamp", "./att.tsr", "./app.txt")
      await same(tool, 1, ...about, "./other.txt")
    }
    // Trust by the piece; cosign 3.1 cannot get the pieces that are not given out of this repository.
    const pieces = { chain: `${sandbox.folder}/fulcio.pem`, stamps: `${sandbox.folder}/tsa.pem` }
    const demand = ["verify-blob", ...identity()]
    await same(
      "cosign2",
      0,
      ...demand,
      ...detached,
      "--rekor-url",
      rekor,
      "--certificate-chain",
      pieces.chain,
      "./app.txt",
    )
    await same("cosign2", 0, ...demand, ...detached, "--insecure-ignore-tlog", "./app.txt")
    const stamped = ["--bundle", "./stamped.json", "--rfc3161-timestamp", "./stamped.tsr"]
    await same("cosign2", 0, ...demand, ...stamped, "--timestamp-certificate-chain", pieces.stamps, "./app.txt")
  })

  it.runIf(havePeers("openssl"))("certificates of a private authority", async () => {
    await privateAuthority()
    await must("cosign3", "import-key-pair", "--key", "leaf.key", "-o", "private")
    const signing = ["-y", "--key", "private.key"]
    const certified = [...signing, "--certificate", "leaf.pem", "--certificate-chain", "chain.pem"]
    const [unlogged, logged] = [await image(), await image()]
    await must("cosign2", "sign", ...certified, "--tlog-upload=false", unlogged)
    await must("cosign2", "sign", ...certified, "--rekor-url", sandbox.services.rekor, logged)
    const output = ["--tlog-upload=false", "--output-signature", "private.sig"]
    await must("cosign2", "sign-blob", ...signing, ...output, "app.txt")
    // Such certificates name no issuer.
    const who = ["--certificate-identity", EMAIL, "--certificate-oidc-issuer-regexp", ".*"]
    const alone = ["--insecure-ignore-sct", "--insecure-ignore-tlog"]
    const roots = ["--ca-roots", "./ca.pem"]
    for (const tool of BOTH) {
      const ways = [
        [...roots, "--ca-intermediates", "./sub.pem"],
        roots,
        ["--certificate-chain", "./chain.pem"],
        ["--certificate-chain", "./ca.pem"],
      ]
      for (const way of ways) {
        const demand = ["verify", ...alone, ...way]
        await same(tool, 0, ...demand, ...who, unlogged)
        await same(tool, 0, ...demand, "--certificate-identity", "build.example.com", ...who.slice(2), unlogged)
        await same(tool, 12, ...demand, "--certificate-identity", "x", ...who.slice(2), unlogged)
        await same(tool, 12, ...demand, ...who.slice(0, 2), "--certificate-oidc-issuer", "x", unlogged)
      }
      await same(tool, 0, "verify", ...alone, ...roots, ...who, "-o", "text", unlogged)
      await same(tool, 12, "verify", ...alone, "--ca-roots", `${sandbox.folder}/fulcio.pem`, ...who, unlogged)
      const certificate = ["--certificate", "./leaf.pem"]
      await same(tool, 0, "verify", ...alone, ...certificate, "--certificate-chain", "./chain.pem", ...who, unlogged)
      const form = tool === "cosign3" ? ["--new-bundle-format=false"] : []
      const blob = ["verify-blob", ...form, ...alone, ...who, ...certificate, "--signature", "./private.sig"]
      await same(tool, 0, ...blob, "--certificate-chain", "./chain.pem", "./app.txt")
      await same(tool, 0, ...blob, ...roots, "--ca-intermediates", "./sub.pem", "./app.txt")
      await same(tool, 1, ...blob, ...roots, "./app.txt")
      await same(tool, 1, ...blob, "--certificate-chain", "./chain.pem", "./other.txt")
    }
    await same("cosign2", 0, "verify", "--insecure-ignore-sct", ...roots, ...who, logged)
    await same("cosign2", 12, "verify", "--insecure-ignore-tlog", ...roots, ...who, unlogged)
  })

  it("keys whose signatures are logged, and some that are not", async () => {
    const key = ["--key", "./cosign.pub"]
    const { rekor } = sandbox.services
    const logged = await image()
    const unlogged = await image()
    await must("cosign2", "sign", "-y", "--key", "cosign.key", "--rekor-url", rekor, logged)
    await must("cosign2", "attest", "-y", "--key", "cosign.key", "--rekor-url", rekor, ...ABOUT, logged)
    await must("cosign2", "sign", "-y", "--key", "cosign.key", "--tlog-upload=false", unlogged)
    await must("cosign2", "attest", "-y", "--key", "cosign.key", "--tlog-upload=false", ...ABOUT, unlogged)
    for (const tool of BOTH) {
      const demand = ["verify", ...key, ...root(tool)]
      await same(tool, 0, ...demand, logged)
      await same(tool, 0, "verify", ...key, logged)
      await same(tool, 0, "verify", ...key, "--insecure-ignore-tlog", unlogged)
      await same(tool, 0, ...demand, "--private-infrastructure", unlogged)
      await same(tool, 12, ...demand, "--rekor-url", rekor, unlogged)
      await same(tool, 12, ...demand, "--offline", unlogged)
      await alike(tool, 12, "verify", "--key", "./other.pub", ...root(tool), logged)
      await same(tool, 12, "verify", "--key", "./other.pub", "--insecure-ignore-tlog", logged)
      const about = ["verify-attestation", ...key, ...root(tool), "--type", "custom"]
      await same(tool, 0, ...about, logged)
      await same(tool, 1, ...about, "--rekor-url", rekor, unlogged)
      await same(tool, 1, ...about, "--offline", unlogged)
      await stricter(tool, 12, ...demand, "--use-signed-timestamps", logged)
    }
    for (const log of ["v1", "v2"]) {
      const signing = ["-y", "--signing-config", `${log}.json`, "--trusted-root", "root.json", "--key", "cosign.key"]
      const signed = await image()
      await must("cosign3", "sign", ...signing, signed)
      await must("cosign3", "sign-blob", ...signing, "--bundle", "keyed.json", "app.txt")
      const demand = ["verify", ...key, ...root("cosign3")]
      await same("cosign3", 0, ...demand, signed)
      await same("cosign3", 0, "verify", ...key, signed)
      await same("cosign3", 1, "verify", ...key, "--trusted-root", "./elsewhere.json", signed)
      await same("cosign3", 1, "verify", "--key", "./other.pub", "--insecure-ignore-tlog", signed)
      await alike("cosign3", 1, "verify", "--key", "./other.pub", ...root("cosign3"), signed)
      await alike("cosign3", 1, "verify", ...identity(), ...root("cosign3"), signed)
      const file = ["verify-blob", ...key, ...root("cosign3"), "--bundle", "./keyed.json"]
      await same("cosign3", 0, ...file, "./app.txt")
      await same("cosign3", 1, ...file, "./other.txt")
    }
  })
})

describe.runIf(havePeers(...BOTH))("what cosign signed an hour ago", () => {
  const HOUR = 3_600_000
  beforeAll(() => start({ now: () => Date.now() - HOUR }))
  afterAll(stop)

  it("signatures under tags count by the time of the log or of a timestamp", async () => {
    const [plain, stamped, unlogged] = [await image(), await image(), await image()]
    const stamp = ["--timestamp-server-url", sandbox.services.timestamp]
    await must("cosign2", "sign", ...(await services()), plain)
    await must("cosign2", "sign", ...(await services()), ...stamp, stamped)
    await must("cosign2", "sign", ...(await services()), "--tlog-upload=false", unlogged)
    for (const tool of BOTH) {
      const demand = ["verify", ...identity(), ...root(tool)]
      await same(tool, 0, ...demand, plain)
      await same(tool, 0, ...demand, stamped)
      await same(tool, 0, ...demand, "--use-signed-timestamps", stamped)
      await same(tool, 0, ...demand, "--insecure-ignore-tlog", "--use-signed-timestamps", stamped)
      await same(tool, 12, ...demand, "--offline", unlogged)
      for (const reference of [plain, stamped, unlogged]) {
        await same(tool, 12, ...demand, "--insecure-ignore-tlog", reference)
      }
      for (const reference of [plain, unlogged]) {
        await alike(tool, 12, ...demand, "--insecure-ignore-tlog", "--use-signed-timestamps", reference)
      }
    }
  })

  it.each(["v1", "v2"])("bundles count by the time of the log or of a timestamp, log %s", async (log) => {
    const reference = await image()
    await must("cosign3", "sign", ...(await config(log)), reference)
    const demand = ["verify", ...identity(), ...root("cosign3")]
    const code = log === "v2" ? 0 : 1
    await same("cosign3", 0, ...demand, reference)
    await same("cosign3", 1, ...demand, "--insecure-ignore-tlog", reference)
    await alike("cosign3", code, ...demand, "--use-signed-timestamps", reference)
    await alike("cosign3", code, ...demand, "--insecure-ignore-tlog", "--use-signed-timestamps", reference)
  })
})
