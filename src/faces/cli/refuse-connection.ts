import type { FlagValues } from "../command.ts"
import { refuseFlags } from "./session.ts"

const CONNECTION_FLAGS: readonly string[] = [
  "plain-http",
  "insecure-skip-tls-verify",
  "registry-cacert",
  "registry-client-cert",
  "registry-client-key",
  "registry-server-name",
  "registry-username",
  "registry-password-stdin",
  "authfile",
]

/**
 * Refuse the flags about reaching a registry in a command that reaches none, instead of dropping them.
 *
 * @param more - further global flags that mean nothing to the command.
 * @throws {ToolError} `E_USAGE` naming the first that was given.
 */
export function refuseConnectionFlags(flags: FlagValues, more: readonly string[] = []): void {
  refuseFlags(flags, [...CONNECTION_FLAGS, ...more], "this command contacts no registry and has no use for it")
}
