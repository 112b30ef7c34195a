import type { AppContext } from "../../app/requests.ts"
import { confirm } from "./confirm.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"

/** Ask before the private key file of `prefix` is overwritten; `yes` answers beforehand, the warning stays. */
export async function mayWriteKeys(
  invocation: FaceInvocation,
  app: AppContext,
  prefix: string,
  yes: boolean,
): Promise<void> {
  const path = `${prefix}.key`
  if (!(await app.files.exists(path))) return
  const warning = `File ${path} already exists. Overwrite?`
  if (yes) await say(invocation, `WARNING: ${warning}`)
  else await confirm(invocation, warning)
}

/** Write `PREFIX.key` (0600) and `PREFIX.pub` (0644) and say so. */
export async function writeKeyPair(
  invocation: FaceInvocation,
  app: AppContext,
  prefix: string,
  pair: { readonly privatePem: Uint8Array; readonly publicPem: Uint8Array },
): Promise<void> {
  await app.files.write(`${prefix}.key`, pair.privatePem, { mode: 0o600 })
  await say(invocation, `Private key written to ${prefix}.key`)
  await app.files.write(`${prefix}.pub`, pair.publicPem, { mode: 0o644 })
  await say(invocation, `Public key written to ${prefix}.pub`)
}
