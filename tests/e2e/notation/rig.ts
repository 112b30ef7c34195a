/** One user's machine for whole stories: the notation faces and our own commands, a registry and certificate services. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Clock } from "../../../src/core/ports.ts"
import { countersignProgram } from "../../../src/faces/cli/program.ts"
import type { Program } from "../../../src/faces/command.ts"
import { runProgram } from "../../../src/faces/command-line/run-program.ts"
import { notation2Program, notationProgram } from "../../../src/faces/notation/program.ts"
import {
  startTestAuthority,
  startTestRegistry,
  type TestAuthority,
  type TestAuthorityOptions,
  type TestRegistry,
  type TestRegistryOptions,
  type TestSigner,
} from "../../../src/testing/index.ts"
import { memoryWorld } from "../../faces/memory-world.ts"
import { type Descriptor, Repository } from "../../services/forgery.ts"

/** What a run left behind. */
export interface Ran {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** An artifact in the registry. */
export interface Pushed {
  /** `host:port/repository@digest`. */
  readonly reference: string
  /** `host:port/repository:tag`. */
  readonly tagged: string
  /** `host:port/repository`. */
  readonly repository: string
  readonly subject: Descriptor
}

/** A trust policy statement; what is absent is as in {@link Rig.policy}. */
export type Statement = Readonly<Record<string, unknown>>

export interface Rig {
  readonly folder: string
  readonly registry: TestRegistry
  readonly authority: TestAuthority
  /** Shared by programs and services. Set `shift` (milliseconds) to travel. */
  readonly clock: Clock & { shift: number }
  /** Variables of every run from here on. */
  readonly env: Record<string, string>
  notation(...argv: readonly string[]): Promise<Ran>
  notation2(...argv: readonly string[]): Promise<Ran>
  countersign(...argv: readonly string[]): Promise<Ran>
  /** Standard input of the next run. */
  stdin(text: string): void
  path(name: string): string
  write(name: string, content: string | Uint8Array): string
  /** Push a small artifact of its own. */
  push(tag?: string): Promise<Pushed>
  repository(artifact: Pushed): Repository
  /** Make a signer known as a local key: `NAME.key`, `NAME.crt`, an entry of `signingkeys.json`; the last is the default. */
  addKey(name: string, signer: Pick<TestSigner, "keyPem" | "chainPem">): void
  /** Put PEM into a trust store. */
  trust(store: `${"ca" | "signingAuthority" | "tsa"}:${string}`, pem: string, file?: string): void
  /** Write the trust policy of artifacts: one statement for `*`, level strict, `ca:test`, anybody; or as given. */
  policy(...statements: readonly Statement[]): void
  /** The same for files; the default statement is global and named `blobs`. */
  blobPolicy(...statements: readonly Statement[]): void
  close(): Promise<void>
}

/** Start everything on loopback. Close it in the end. */
export async function startRig(
  options: TestAuthorityOptions = {},
  registryOptions: TestRegistryOptions = {},
): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-e2e-"))
  const start = Date.now()
  const clock = { shift: 0, now: (): number => Date.now() + clock.shift }
  const [registry, authority] = await Promise.all([
    startTestRegistry(registryOptions),
    startTestAuthority({ clock, ...options }),
  ])
  const env: Record<string, string> = { HOME: folder, NOTATION_CONFIG: join(folder, "config") }
  let stdin = ""
  const run = async (program: Program, style: "cobra" | "own", argv: readonly string[]): Promise<Ran> => {
    const memory = memoryWorld({ folder, env: { ...env }, stdin, now: clock.now() })
    stdin = ""
    try {
      const exit = await runProgram(program, argv, memory.world, style)
      return { exit, stdout: memory.stdout(), stderr: memory.stderr() }
    } finally {
      await memory.close()
    }
  }
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const keys: { name: string; keyPath: string; certPath: string }[] = []
  let pushes = 0
  write("config/config.json", JSON.stringify({ insecureRegistries: [registry.address] }))
  return {
    ...{ folder, registry, authority, clock, env, write },
    notation: (...argv) => run(notationProgram, "cobra", argv),
    notation2: (...argv) => run(notation2Program, "cobra", argv),
    countersign: (...argv) => run(countersignProgram, "own", argv),
    stdin(text) {
      stdin = text
    },
    path: (name) => join(folder, name),
    async push(tag = "1") {
      pushes++
      const repository = `${registry.address}/team/app${pushes}`
      const store = new Repository(`${registry.url}/v2/team/app${pushes}`)
      const subject = await store.artifact(tag, [await store.blob("text/plain", `content ${pushes} of ${start}`)])
      return { repository, subject, reference: `${repository}@${subject.digest}`, tagged: `${repository}:${tag}` }
    },
    repository: ({ repository }) =>
      new Repository(`${registry.url}/v2/${repository.slice(registry.address.length + 1)}`),
    addKey(name, { keyPem, chainPem }) {
      const entry = {
        name,
        keyPath: write(`config/localkeys/${name}.key`, keyPem),
        certPath: write(`config/localkeys/${name}.crt`, chainPem),
      }
      const known = keys.findIndex((key) => key.name === name)
      keys.splice(known < 0 ? keys.length : known, known < 0 ? 0 : 1, entry)
      write("config/signingkeys.json", JSON.stringify({ default: name, keys }))
    },
    trust(store, pem, file = `${readdirCount(folder, store)}.pem`) {
      write(`config/truststore/x509/${store.replace(":", "/")}/${file}`, pem)
    },
    policy: (...statements) => {
      write("config/trustpolicy.json", policyText({ registryScopes: ["*"] }, statements))
    },
    blobPolicy: (...statements) => {
      write("config/trustpolicy.blob.json", policyText({ name: "blobs", globalPolicy: true }, statements))
    },
    async close() {
      await Promise.all([registry.close(), authority.close()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function readdirCount(folder: string, store: string): number {
  try {
    return readdirSync(join(folder, "config/truststore/x509", store.replace(":", "/"))).length
  } catch {
    return 0
  }
}

function policyText(defaults: Statement, statements: readonly Statement[]): string {
  const whole = (statements.length === 0 ? [{}] : statements).map((statement) => ({
    name: "all",
    signatureVerification: { level: "strict" },
    trustStores: ["ca:test"],
    trustedIdentities: ["*"],
    ...defaults,
    ...statement,
  }))
  return JSON.stringify({ version: "1.0", trustPolicies: whole })
}
