/**
 * Benchmarks against real tools, each a ratio of whole processes in the same run.
 *
 *   npm run bench             all of them
 *   npm run bench -- verify   those whose name contains the word
 */
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, open, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { putImage } from "../tests/interop/images.ts"
import { countersign, expectCode, findPeer, peer, run } from "../tests/interop/peers.ts"
import { startDockerRegistry, type InteropRegistry } from "../tests/interop/registries.ts"
import type { KeylessRate } from "./keyless-rate.ts"
import { compare, difference, rounds, type Command } from "./measure.ts"
import { notationEnv, notationStore, signWithNotation } from "./notation-lab.ts"

const root = fileURLToPath(new URL("../", import.meta.url))
/** A build of its own: the checkout's would be made anew whenever a source changes during the run. */
const built = await mkdtemp(join(tmpdir(), "countersign-bench-cli-"))
const libraryRounds = fileURLToPath(new URL("library-rounds.ts", import.meta.url))
const delayProxy = fileURLToPath(new URL("delay-proxy.ts", import.meta.url))
const IMAGES = 100
const ROUND_TRIP_MS = 20

interface Bench {
  readonly name: string
  /** What the ratio theirs/ours must reach. */
  readonly goal: number
  readonly rounds: number
  readonly prepare: (lab: Lab) => Promise<Prepared>
}

interface Prepared {
  readonly ours: Command
  readonly theirs: Command
  /** The same work again and again in one process of ours. */
  readonly inProcess?: Command
  /** The same commands with nothing to do: what is compared is the time beyond these. */
  readonly idle?: { readonly ours: Command; readonly theirs: Command }
}

/** A registry with signed images, near and behind a delay, and a working folder. */
interface Lab {
  readonly folder: string
  readonly near: string
  readonly far: string
  /** `repository@digest` without the registry, signed in both formats. */
  readonly images: readonly string[]
}

const own = (...args: readonly string[]): Command => ({
  name: "countersign",
  argv: [process.execPath, "--wasm-tiering-budget=2000000000", join(built, "countersign.js"), ...args],
})
const real = (name: "cosign2" | "cosign3", ...args: readonly string[]): Command => ({
  name,
  argv: [findPeer(name) ?? name, ...args],
})
const theirFlags = ["verify", "--key", "bench.pub", "--insecure-ignore-tlog=true"]

async function manyImages(
  lab: Lab,
  address: string,
  peerName: "cosign2" | "cosign3",
  format: string,
): Promise<Prepared> {
  const references = lab.images.map((image) => `${address}/${image}`)
  const list = join(lab.folder, `list-${address.replace(":", "-")}.txt`)
  await writeFile(list, `${references.join("\n")}\n`)
  return {
    ours: own("verify", "--key", "bench.pub", "--format", format, "--quiet", "--from-file", list),
    theirs: real(peerName, ...theirFlags, ...references),
    inProcess: {
      name: "library",
      argv: [process.execPath, libraryRounds, list, join(lab.folder, "bench.pub"), format, "15"],
    },
  }
}

/** notation verifies one artifact a run: theirs is a loop of the shell. */
async function manyByNotation(lab: Lab): Promise<Prepared> {
  const list = join(lab.folder, "list-notation.txt")
  await writeFile(list, `${lab.images.map((image) => `${lab.far}/${image}`).join("\n")}\n`)
  const env = notationEnv(lab.folder)
  const loop = `while read -r reference; do "$0" verify --insecure-registry "$reference" || exit 1; done <"$1"`
  const store = notationStore(lab.folder)
  const trusted = ["--trust-store", store, "--identity", "*", "--format", "notation"]
  return {
    ours: { ...own("verify", ...trusted, "--quiet", "--from-file", list), env },
    theirs: { name: "notation", argv: ["/bin/sh", "-c", loop, findPeer("notation") ?? "notation", list], env },
    inProcess: { name: "library", argv: [process.execPath, libraryRounds, list, store, "notation", "15"] },
  }
}

function oneByNotation(lab: Lab): Prepared {
  const args = ["verify", "--insecure-registry", `${lab.far}/${lab.images[0] ?? ""}`]
  const env = notationEnv(lab.folder)
  return {
    ours: { ...own("notation", ...args), env },
    theirs: { name: "notation", argv: [findPeer("notation") ?? "notation", ...args], env },
  }
}

function oneImage(address: string, lab: Lab, peerName: "cosign2" | "cosign3", ...ours: readonly string[]): Prepared {
  const reference = `${address}/${lab.images[0] ?? ""}`
  return { ours: own(...ours, reference), theirs: real(peerName, ...theirFlags, reference) }
}

const face = (name: "cosign" | "cosign2"): readonly string[] => [name, ...theirFlags]
const verb = (format: string): readonly string[] => ["verify", "--key", "bench.pub", "--format", format]

function hashing(file: string): Prepared {
  const flags = [
    "--key",
    "bench.key",
    "--use-signing-config=false",
    "--tlog-upload=false",
    "--bundle",
    "out.json",
    "-y",
  ]
  return {
    ours: own("cosign", "sign-blob", ...flags, file),
    theirs: { name: "openssl", argv: ["openssl", "dgst", "-sha256", file] },
  }
}

async function largeFile(lab: Lab): Promise<string> {
  const file = join(lab.folder, "large.bin")
  const handle = await open(file, "w")
  const chunk = Buffer.alloc(1 << 20, 7)
  for (let written = 0; written < 1024; written++) await handle.write(chunk)
  await handle.close()
  return file
}

const benches: readonly Bench[] = [
  {
    name: `verify ${IMAGES} images, local, cosign 2.5`,
    goal: 10,
    rounds: 5,
    prepare: (lab) => manyImages(lab, lab.near, "cosign2", "cosign-v2"),
  },
  {
    name: `verify ${IMAGES} images, local, cosign 3.1`,
    goal: 10,
    rounds: 5,
    prepare: (lab) => manyImages(lab, lab.near, "cosign3", "cosign-v3"),
  },
  {
    name: `verify ${IMAGES} images, ${ROUND_TRIP_MS} ms, cosign 2.5`,
    goal: 15,
    rounds: 3,
    prepare: (lab) => manyImages(lab, lab.far, "cosign2", "cosign-v2"),
  },
  {
    name: `verify ${IMAGES} images, ${ROUND_TRIP_MS} ms, cosign 3.1`,
    goal: 15,
    rounds: 3,
    prepare: (lab) => manyImages(lab, lab.far, "cosign3", "cosign-v3"),
  },
  {
    name: `verify one, ${ROUND_TRIP_MS} ms, cosign 3.1`,
    goal: 1,
    rounds: 9,
    prepare: (lab) => Promise.resolve(oneImage(lab.far, lab, "cosign3", ...verb("cosign-v3"))),
  },
  {
    name: `verify one by the cosign face, ${ROUND_TRIP_MS} ms, cosign 3.1`,
    goal: 1,
    rounds: 9,
    prepare: (lab) => Promise.resolve(oneImage(lab.far, lab, "cosign3", ...face("cosign"))),
  },
  {
    name: `verify one by the cosign2 face, ${ROUND_TRIP_MS} ms, cosign 2.5`,
    goal: 1,
    rounds: 9,
    prepare: (lab) => Promise.resolve(oneImage(lab.far, lab, "cosign2", ...face("cosign2"))),
  },
  {
    name: `verify ${IMAGES} images, ${ROUND_TRIP_MS} ms, notation 1.3`,
    goal: 5,
    rounds: 3,
    prepare: manyByNotation,
  },
  {
    name: `verify one by the notation face, ${ROUND_TRIP_MS} ms, notation 1.3`,
    goal: 1,
    rounds: 9,
    prepare: (lab) => Promise.resolve(oneByNotation(lab)),
  },
  {
    name: "sign-blob of 1 GiB, whole process, openssl dgst -sha256",
    goal: 0.9,
    rounds: 5,
    prepare: async (lab) => hashing(await largeFile(lab)),
  },
  {
    name: "sign-blob of 1 GiB, time beyond an empty file, openssl dgst -sha256",
    goal: 0.9,
    rounds: 5,
    prepare: async (lab) => {
      const empty = join(lab.folder, "empty.bin")
      await writeFile(empty, "")
      return { ...hashing(await largeFile(lab)), idle: hashing(empty) }
    },
  },
]

async function startDelay(port: string): Promise<{ address: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [delayProxy, port, String(ROUND_TRIP_MS)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const [chunk] = (await once(child.stdout, "data")) as [Buffer]
  const stop = async (): Promise<void> => {
    child.kill()
    await once(child, "exit")
  }
  return { address: `127.0.0.1:${chunk.toString().trim()}`, stop }
}

async function prepareLab(registry: InteropRegistry, far: string): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"))
  expectCode(await countersign(["cosign", "generate-key-pair", "--output-key-prefix", "bench"], { cwd: folder }), 0)
  const images: string[] = []
  for (let index = 0; index < IMAGES; index++) {
    const { digest } = await putImage(registry.address, `bench/image${index}`, `image ${index}`)
    images.push(`bench/image${index}@${digest}`)
  }
  const list = join(folder, "sign.txt")
  await writeFile(list, `${images.map((image) => `${registry.address}/${image}`).join("\n")}\n`)
  expectCode(
    await countersign(["sign", "--key", "bench.key", "--format", "cosign-v2,cosign-v3", "--from-file", list], {
      cwd: folder,
    }),
    0,
  )
  await signWithNotation(folder, list)
  expectCode(await peer("cosign2", [...theirFlags, `${registry.address}/${images[0] ?? ""}`], { cwd: folder }), 0)
  return { folder, near: registry.address, far, images }
}

function tell(bench: Bench, name: string, ours: number, theirs: number): void {
  const ratio = theirs / ours
  const mark = ratio >= bench.goal ? "reached" : "MISSED"
  const figures = `ours ${ours.toFixed(0)} ms, theirs ${theirs.toFixed(0)} ms, ratio ${ratio.toFixed(2)}`
  console.log(`${name}: ${figures} (goal ${bench.goal}: ${mark})`)
}

/** Signatures of identities: the goal is a part of what public-key operations alone would allow. */
const RATES = "keyless verifications in one process"
const RATE_GOAL = 0.5

async function tellRates(): Promise<void> {
  const argv = [fileURLToPath(new URL("keyless-rate.ts", import.meta.url)), "15", "600"]
  const { stdout } = expectCode(await run(process.execPath, argv, { cwd: root }), 0)
  for (const { kind, operations, verifications, ceiling, ratio } of JSON.parse(stdout) as readonly KeylessRate[]) {
    const mark = ratio >= RATE_GOAL ? "reached" : "MISSED"
    const figures = `${verifications.toFixed(0)} a second, ${operations} operations alone ${ceiling.toFixed(0)}`
    console.log(`${RATES}, ${kind}: ${figures}, ratio ${ratio.toFixed(2)} (goal ${RATE_GOAL}: ${mark})`)
  }
}

const filter = process.argv[2] ?? ""
if (RATES.includes(filter)) await tellRates()
const chosen = benches.filter(({ name }) => name.includes(filter))
if (chosen.length === 0) process.exit()
execFileSync(process.execPath, ["scripts/build.ts", "cli", built], { cwd: root })
const registry = await startDockerRegistry()
const delay = await startDelay(registry.address.split(":")[1] ?? "")
const lab = await prepareLab(registry, delay.address)
try {
  for (const bench of chosen) {
    const { ours, theirs, inProcess, idle } = await bench.prepare(lab)
    const whole = await compare(ours, theirs, lab.folder, bench.rounds)
    if (idle === undefined) tell(bench, bench.name, whole.ours, whole.theirs)
    else {
      const beyond = difference(whole, await compare(idle.ours, idle.theirs, lab.folder, bench.rounds))
      tell(bench, bench.name, beyond.ours, beyond.theirs)
    }
    if (inProcess !== undefined) {
      tell(bench, `${bench.name}, in one process`, await rounds(inProcess, lab.folder), whole.theirs)
    }
  }
} finally {
  await delay.stop()
  await registry.stop()
  await rm(lab.folder, { recursive: true, force: true })
  await rm(built, { recursive: true, force: true })
}
