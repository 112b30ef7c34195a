/** A configuration of notation with one test key that everybody trusts, for the rows against notation. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { countersign, expectCode } from "../tests/interop/peers.ts"

const STATEMENT = {
  name: "bench",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:bench"],
  trustedIdentities: ["*"],
}

/** Environment that makes a program use the configuration in a folder. */
export function notationEnv(folder: string): Readonly<Record<string, string>> {
  return { NOTATION_CONFIG: join(folder, "config"), NOTATION_CACHE: join(folder, "cache") }
}

/** The trust store as a file. */
export function notationStore(folder: string): string {
  return `ca:${join(folder, "config", "localkeys", "bench.crt")}`
}

/** Make the configuration and sign everything in a list. */
export async function signWithNotation(folder: string, list: string): Promise<void> {
  const options = { cwd: folder, env: notationEnv(folder) }
  expectCode(await countersign(["notation", "cert", "generate-test", "bench"], options), 0)
  const policy = JSON.stringify({ version: "1.0", trustPolicies: [STATEMENT] })
  await writeFile(join(folder, "config", "trustpolicy.json"), policy, { mode: 0o600 })
  const sign = ["sign", "--key", "notation:bench", "--format", "notation", "--from-file", list]
  expectCode(await countersign(sign, options), 0)
}
