import { copyFile } from "node:fs/promises"
import { expect } from "vitest"
import { startTestRegistry, startTestSandbox, type TestRegistry, type TestSandbox } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "../interop/images.ts"

/** Whom tokens are of. */
export const EMAIL = "alice@example.com"
/** Flags of the password of keys made in tests. */
export const PASSWORD: readonly string[] = ["--password-file", "password.txt"]

/** A private Sigstore, a registry, and the command line with their documents in its folder. */
export interface KeylessWorld {
  readonly sandbox: TestSandbox
  readonly registry: TestRegistry
  readonly program: TestProcess
  /** A new artifact, by digest. */
  image(): Promise<string>
  /** Flags that sign for {@link EMAIL} and agree. @param config - without `.json`. */
  keyless(config?: string): Promise<readonly string[]>
  /** `--trusted-root`. */
  root(): readonly string[]
  /** Flags that trust {@link EMAIL}. */
  trust(): readonly string[]
  /** Paths asked of the sandbox by POST. */
  posted(): readonly string[]
  /** Paths that were written in the registry. */
  pushed(): readonly string[]
  close(): Promise<void>
}

/** Start the three; files `root.json`, `v1.json`, `v2.json`, `app.txt`, `predicate.json`, `password.txt` lie in the folder. */
export async function startKeylessWorld(): Promise<KeylessWorld> {
  const [sandbox, registry, program] = await Promise.all([startTestSandbox(), startTestRegistry(), startProcess()])
  await copyFile(sandbox.files.trustedRoot, program.path("root.json"))
  await copyFile(sandbox.files.signingConfig, program.path("v1.json"))
  await copyFile(sandbox.files.signingConfigV2, program.path("v2.json"))
  await program.write("app.txt", "an app\n")
  await program.write("predicate.json", '{"hello":"world"}')
  await program.write("password.txt", "secret")
  let sequence = 0
  const root = (): readonly string[] => ["--trusted-root", program.path("root.json")]
  return {
    sandbox,
    registry,
    program,
    root,
    async image() {
      const name = `demo/app${sequence++}`
      const { digest } = await putImage(registry.address, name, `content ${sequence}`)
      return `${registry.address}/${name}@${digest}`
    },
    async keyless(config = "v1") {
      const token = await sandbox.token({ email: EMAIL })
      const services = ["--signing-config", program.path(`${config}.json`), ...root()]
      return ["--keyless", "--yes", "--identity-token", token, ...services]
    },
    trust: () => ["--identity", EMAIL, "--issuer", sandbox.services.oidc, ...root()],
    posted: () => sandbox.requests.filter(({ method }) => method === "POST").map(({ path }) => path),
    pushed: () =>
      registry.requests.filter(({ method }) => method !== "GET" && method !== "HEAD").map(({ path }) => path),
    close: async () => {
      await program.close()
      await registry.close()
      await sandbox.close()
    },
  }
}

export function expectExit(ran: Ran, exit: number): void {
  expect(ran.exit, ran.stderr).toBe(exit)
}
