/**
 * How many signatures of identities one process verifies in a second, against the ceiling that its own public-key operations
 * set: the very operations of the verifications are recorded and then done alone, with keys that were read before. Everything is
 * in memory. Rounds of both alternate, so that a busy machine hurts both alike. Prints medians for each kind of bundle as JSON.
 *
 * usage: keyless-rate.ts ROUNDS VERIFICATIONS-A-ROUND
 */
import crypto from "node:crypto"
import { readFile } from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import type { VerifyBlobRequest } from "../src/app/blob-requests.ts"
import type { AppContext } from "../src/app/requests.ts"
import { sigstoreRequest } from "../src/app/sigstore-request.ts"
import { verifyBlob } from "../src/app/verify-blob.ts"
import { startTestSandbox, type TestSandbox } from "../src/testing/index.ts"
import { startProcess, type TestProcess } from "../tests/faces/cli/process-world.ts"
import { median } from "./measure.ts"

const IDENTITY = "alice@example.com"
/** Distinct files, certificates and entries; more than the parser of certificates keeps at hand. */
const BUNDLES = 300
const [rounds = 0, count = 0] = process.argv.slice(2).map(Number)

/** One kind of signature. */
export interface KeylessRate {
  readonly kind: string
  /** Public-key operations of one verification. */
  readonly operations: number
  /** Verifications in a second. */
  readonly verifications: number
  /** What the operations alone would allow. */
  readonly ceiling: number
  /** Median of the rounds' verifications / ceiling. */
  readonly ratio: number
}

type Operation = () => boolean
type Verify = (hash: string | null, message: Uint8Array, key: unknown, signature: Uint8Array) => boolean
type Decrypt = (key: Parameters<typeof crypto.publicDecrypt>[0], bytes: Uint8Array) => Uint8Array

const ignore = (): void => undefined

/** Sign files, each in a run of its own, so that each has a certificate of its own. */
async function signFiles(sandbox: TestSandbox, tool: TestProcess, config: string): Promise<readonly string[]> {
  const names = Array.from({ length: BUNDLES }, (_, at) => `file${at}.txt`)
  for (const name of names) {
    await tool.write(name, `content of ${name}\n`)
    const token = await sandbox.token({ email: IDENTITY })
    const services = ["--signing-config", config, "--trusted-root", sandbox.files.trustedRoot]
    const files = ["--blob", name, "--bundle", tool.path(`${name}.json`)]
    const ran = await tool.run("sign", "--keyless", "--yes", "--identity-token", token, ...services, ...files)
    if (ran.exit !== 0) throw new Error(ran.stderr)
  }
  return names
}

/** Files that were read before. */
async function filesInMemory(paths: readonly string[]): Promise<AppContext["files"]> {
  const contents = new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path)] as const)))
  const content = (path: string): Uint8Array => {
    const found = contents.get(path)
    if (found === undefined) throw new Error(`${path} was not read before`)
    return found
  }
  const never = (): never => {
    throw new Error("nothing is written")
  }
  return {
    read: (path) => Promise.resolve(content(path)),
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream of one chunk that is there
    stream: async function* (path) {
      yield content(path)
    },
    exists: (path) => Promise.resolve(contents.has(path)),
    size: (path) => Promise.resolve(content(path).length),
    absolute: (path) => path,
    write: never,
    writeStream: never,
  }
}

/** Public-key operations that happen meanwhile, as functions that do them again. */
async function recorded(work: () => Promise<void>): Promise<readonly Operation[]> {
  const operations: Operation[] = []
  const real = { verify: crypto.verify as unknown as Verify, publicDecrypt: crypto.publicDecrypt as Decrypt }
  const verify: Verify = (...args) => {
    operations.push(() => real.verify(...args))
    return real.verify(...args)
  }
  const publicDecrypt: Decrypt = (...args) => {
    operations.push(() => real.publicDecrypt(...args).length > 0)
    return real.publicDecrypt(...args)
  }
  Object.assign(crypto, { verify, publicDecrypt })
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    Object.assign(crypto, real)
    syncBuiltinESMExports()
  }
  return operations
}

/** Milliseconds of processor time: what other programs do meanwhile matters less to it than to the clock. */
async function timed(work: () => void | Promise<void>): Promise<number> {
  const start = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

async function measure(kind: string, sandbox: TestSandbox, tool: TestProcess, config: string): Promise<KeylessRate> {
  const names = await signFiles(sandbox, tool, config)
  const trustedRoot = sandbox.files.trustedRoot
  const files = await filesInMemory([trustedRoot, ...names.flatMap((n) => [tool.path(n), tool.path(`${n}.json`)])])
  // Nothing is asked of the network, so that services need not be there.
  const progress = { start: () => ({ advance: ignore, done: ignore }) }
  const app = { files, progress, sigstore: {} } as unknown as AppContext
  const { request: trust } = await sigstoreRequest(app, {
    identities: [IDENTITY],
    issuer: sandbox.services.oidc,
    keys: false,
    offline: true,
    trustedRoot,
    logUrls: [],
    ...(config === sandbox.files.signingConfigV2 ? { timestamps: 1 } : {}),
    onTrust: () => Promise.resolve(),
  })
  // A command reads it once, however many signatures it verifies.
  const root = await trust.trustedRoot?.()
  if (root === undefined) throw new Error("there is no trusted root")
  const requests = await Promise.all(
    names.map(async (name): Promise<VerifyBlobRequest> => {
      const bundle = await files.read(tool.path(`${name}.json`), 1 << 20)
      const trustedRoot = { trustedRoot: () => Promise.resolve(root) }
      return {
        ...trust,
        ...trustedRoot,
        blob: { path: tool.path(name) },
        keys: [],
        evidence: { bundle },
        at: Date.now(),
      }
    }),
  )
  const verifyAll = async (times: number): Promise<void> => {
    for (let at = 0; at < times; at++) {
      const request = requests[at % requests.length]
      const { report } = await verifyBlob(app, request as VerifyBlobRequest)
      if (report.artifacts[0]?.state !== "verified") throw new Error(JSON.stringify(report))
    }
  }
  await verifyAll(2 * count)
  const operations = await recorded(() => verifyAll(BUNDLES))
  const perVerification = operations.length / BUNDLES
  const repeat = Math.round(count / BUNDLES)
  const alone = (): void => {
    for (let at = 0; at < repeat; at++) {
      for (const operation of operations) if (!operation()) throw new Error("an operation no longer holds")
    }
  }
  alone()
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    times[0].push(await timed(() => verifyAll(repeat * BUNDLES)))
    times[1].push(await timed(alone))
  }
  const perSecond = (values: readonly number[]): number => (repeat * BUNDLES * 1000) / median(values)
  const ratio = median(times[0].map((whole, at) => (times[1][at] ?? Number.NaN) / whole))
  return { kind, operations: perVerification, verifications: perSecond(times[0]), ceiling: perSecond(times[1]), ratio }
}

const sandbox = await startTestSandbox()
const tool = await startProcess()
try {
  const { signingConfig, signingConfigV2 } = sandbox.files
  const rates = [
    await measure("log version 1", sandbox, tool, signingConfig),
    await measure("log version 2 and timestamp", sandbox, tool, signingConfigV2),
  ]
  process.stdout.write(`${JSON.stringify(rates)}\n`)
} finally {
  await tool.close()
  await sandbox.close()
}
