/**
 * Make the data in `data/` with cosign 2, cosign 3, crane and the distribution registry. They are searched in the folder
 * INTEROP_BIN (as cosign2, cosign3, crane, docker-registry). Keys and signatures are new at every run.
 *
 *   INTEROP_BIN=/path/to/tools node tests/vectors/cosign/generate.ts
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { createHash } from "node:crypto"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { predicateInputs } from "./predicate-inputs.ts"

const bin = process.env["INTEROP_BIN"] ?? ""
const out = join(import.meta.dirname, "data")
const work = mkdtempSync(join(tmpdir(), "cosign-vectors-"))
const quiet2 = ["--tlog-upload=false", "-y"]
const old3 = ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false", "-y"]
const new3 = ["--signing-config", "signing-config.json", "-y"]

interface Run {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

function run(tool: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const result = spawnSync(join(bin, tool), args, {
    cwd: work,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: work, COSIGN_PASSWORD: "insecure", ...env },
  })
  return { status: result.status ?? -1, stdout: result.stdout, stderr: result.stderr }
}

function must(tool: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const result = run(tool, args, env)
  if (result.status !== 0) throw new Error(`${tool} ${args.join(" ")}: ${result.stderr}`)
  return result.stdout
}

function save(name: string, text: string): void {
  writeFileSync(join(out, name), text)
}

function keep(...names: readonly string[]): void {
  for (const name of names) copyFileSync(join(work, name), join(out, name))
}

function blobs(): void {
  writeFileSync(join(work, "a.txt"), "hello\n")
  writeFileSync(join(work, "predicate.json"), '{"a":1}\n')
  must("cosign3", ["sign-blob", "--key", "k.key", ...new3, "--bundle", "blob.sigstore.json", "a.txt"])
  must("cosign3", ["sign-blob", "--key", "k.key", ...old3, "--bundle", "blob.legacy3.json", "a.txt"])
  must("cosign2", ["sign-blob", "--key", "k.key", ...quiet2, "--bundle", "blob.legacy2.json", "a.txt"])
  const attest = ["attest-blob", "--key", "k.key", "--predicate", "predicate.json", "--type", "https://example.com/p"]
  must("cosign3", [...attest, ...new3, "--bundle", "att.sigstore.json", "a.txt"])
  must("cosign3", [...attest, ...old3, "--bundle", "att.legacy3.json", "--output-signature", "att.dsse3.json", "a.txt"])
  must("cosign2", [
    ...attest,
    ...quiet2,
    "--bundle",
    "att.legacy2.json",
    "--output-signature",
    "att.dsse2.json",
    "a.txt",
  ])
  keep("a.txt", "predicate.json", "blob.sigstore.json", "blob.legacy3.json", "blob.legacy2.json")
  keep("att.sigstore.json", "att.legacy3.json", "att.legacy2.json", "att.dsse3.json", "att.dsse2.json")
  for (const [name, options] of otherKeys) {
    spawnSync("openssl", ["genpkey", ...options, "-out", `${name}.pem`], { cwd: work })
    must("cosign3", ["import-key-pair", "--key", `${name}.pem`, "--output-key-prefix", name])
    must("cosign3", ["sign-blob", "--key", `${name}.key`, ...new3, "--bundle", `${name}.sigstore.json`, "a.txt"])
    keep(`${name}.sigstore.json`)
    copyFileSync(join(work, `${name}.pub`), join(out, `insecure-test-${name}.pub`))
  }
}

const otherKeys = [
  ["p384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-pkeyopt", "ec_param_enc:named_curve"]],
  ["ed25519", ["-algorithm", "ED25519"]],
  ["rsa", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]],
] as const

interface Outcome {
  readonly statement?: string
  readonly error?: string
}

function outcome(result: Run, read: () => string): Outcome {
  if (result.status === 0) return { statement: read() }
  const line = result.stderr.split("\n").find((text) => text.startsWith("Error: "))
  return { error: line?.slice("Error: ".length) ?? result.stderr }
}

function atobUtf8(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
}

function predicates(): void {
  const cases = predicateInputs.map(({ type, text }) => {
    writeFileSync(join(work, "input"), text)
    const attest = ["attest-blob", "--key", "k.key", "--predicate", "input", "--type", type]
    const two = run("cosign2", [...attest, ...quiet2, "--output-attestation", "statement", "a.txt"])
    const three = run("cosign3", [...attest, ...old3, "--output-signature", "envelope", "a.txt"])
    const envelope = (): { payload: string } =>
      JSON.parse(readFileSync(join(work, "envelope"), "utf8")) as { payload: string }
    return {
      type,
      text,
      cosign2: outcome(two, () => readFileSync(join(work, "statement"), "utf8")),
      cosign3: outcome(three, () => atobUtf8(envelope().payload)),
    }
  })
  save("predicates.json", `${JSON.stringify(cases, null, 1)}\n`)
}

interface Layer {
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
}
interface Manifest {
  readonly config: { readonly digest: string }
  readonly layers: readonly Layer[]
}

/** Manifest, config and layers of `reference` into one JSON document of texts. */
function snapshot(repository: string, reference: string): { manifest: string; config: string; layers: string[] } {
  const manifest = must("crane", ["manifest", reference])
  const parsed = JSON.parse(manifest) as Manifest
  const blob = (digest: string): string => must("crane", ["blob", `${repository}@${digest}`])
  return {
    manifest,
    config: blob(parsed.config.digest),
    layers: parsed.layers.map((layer) => blob(layer.digest)),
  }
}

function images(registry: string): void {
  const repository = `${registry}/demo/img`
  mkdirSync(join(work, "layer"))
  writeFileSync(join(work, "layer", "file"), "hi\n")
  spawnSync("tar", ["-C", join(work, "layer"), "-cf", join(work, "layer.tar"), "file"])
  must("crane", ["append", "-f", "layer.tar", "-t", `${repository}:v1`, "--oci-empty-base"])
  const digest = must("crane", ["digest", `${repository}:v1`]).trim()
  const size = must("crane", ["manifest", `${repository}:v1`]).length
  const image = `${repository}@${digest}`
  const tag = `${repository}:${digest.replace(":", "-")}`
  const sign2 = (...more: string[]): string => must("cosign2", ["sign", "--key", "k.key", ...quiet2, ...more, image])
  const steps: Record<string, ReturnType<typeof snapshot>> = {}
  const signatures = (name: string): void => {
    steps[name] = snapshot(repository, `${tag}.sig`)
  }
  sign2()
  signatures("first")
  sign2("-a", "z=1", "-a", "a=<&>")
  signatures("annotated")
  must("cosign3", ["sign", "--key", "k.key", ...old3, "-a", "by=3", image])
  signatures("cosign3")
  sign2("--sign-container-identity", "example.com/other/name")
  signatures("identity")
  sign2("--record-creation-timestamp", "-a", "t=1")
  signatures("created")
  sign2("-a", "t=2")
  signatures("after-created")
  const attest = ["--key", "k.key", "--predicate", "predicate.json"]
  const a2 = (...more: string[]): string => must("cosign2", ["attest", ...attest, ...quiet2, ...more, image])
  a2("--type", "https://example.com/a")
  must("cosign3", ["attest", ...attest, ...old3, "--type", "https://example.com/b", image])
  steps["attested"] = snapshot(repository, `${tag}.att`)
  a2("--type", "https://example.com/a", "--replace")
  steps["replaced"] = snapshot(repository, `${tag}.att`)
  must("cosign3", ["sign", "--key", "k.key", ...new3, "-a", "z=1", "-a", "a=<&>", image])
  must("cosign3", ["attest", ...attest, ...new3, "--type", "https://example.com/c", image])
  const index = JSON.parse(must("crane", ["manifest", tag])) as { manifests: { digest: string }[] }
  const bundles = index.manifests.map((entry) => snapshot(repository, `${repository}@${entry.digest}`))
  const docker = `${registry}/demo/docker`
  must("crane", ["copy", image, `${docker}:v1`])
  must("cosign2", ["sign", "--key", "k.key", ...quiet2, `${docker}@${digest}`], { COSIGN_DOCKER_MEDIA_TYPES: "1" })
  steps["docker"] = snapshot(docker, `${docker}:${digest.replace(":", "-")}.sig`)
  const oci11 = `${registry}/demo/oci11`
  must("crane", ["copy", image, `${oci11}:v1`])
  must("cosign2", ["sign", "--key", "k.key", ...quiet2, "--registry-referrers-mode=oci-1-1", `${oci11}@${digest}`], {
    COSIGN_EXPERIMENTAL: "1",
  })
  const referrers = JSON.parse(must("crane", ["manifest", `${oci11}:${digest.replace(":", "-")}`])) as {
    manifests: { digest: string }[]
  }
  steps["oci11"] = snapshot(oci11, `${oci11}@${referrers.manifests[0]?.digest ?? ""}`)
  save("images.json", `${JSON.stringify({ repository, digest, size, steps, bundles }, null, 1)}\n`)
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => {
        resolve(typeof address === "object" && address !== null ? address.port : 0)
      })
    })
  })
}

async function startRegistry(): Promise<{ readonly process: ChildProcess; readonly host: string }> {
  const host = `127.0.0.1:${await freePort()}`
  writeFileSync(
    join(work, "registry.yml"),
    `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {inmemory: {}}\nhttp: {addr: "${host}"}\n`,
  )
  const child = spawn(join(bin, "docker-registry"), ["serve", join(work, "registry.yml")], { stdio: "ignore" })
  while (run("crane", ["catalog", host]).status !== 0) await new Promise((resolve) => setTimeout(resolve, 100))
  return { process: child, host }
}

mkdirSync(out, { recursive: true })
must("cosign3", ["generate-key-pair", "--output-key-prefix", "k"])
writeFileSync(join(work, "signing-config.json"), '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}')
copyFileSync(join(work, "k.pub"), join(out, "insecure-test-p256.pub"))
blobs()
predicates()
const registry = await startRegistry()
try {
  images(registry.host)
} finally {
  registry.process.kill()
}
const version = (tool: string): string => /GitVersion:\s*(\S+)/.exec(run(tool, ["version"]).stdout)?.[1] ?? "unknown"
const sum = createHash("sha256")
  .update(readFileSync(join(out, "images.json")))
  .digest("hex")
save(
  "SOURCE",
  `made by tests/vectors/cosign/generate.ts with cosign 2.5.0 (reports ${version("cosign2")}) and 3.1.1 (reports ${version("cosign3")})\n` +
    `of the Debian archive, against a loopback registry; images.json ${sum}\nlicence: as this repository\n`,
)
rmSync(work, { recursive: true, force: true })
