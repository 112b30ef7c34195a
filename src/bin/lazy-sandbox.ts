import type { SandboxHost } from "../app/sandbox-host.ts"
import { systemClock } from "../io/system/clock.ts"
import { systemRandomness } from "../io/system/randomness.ts"

/** Sandboxes; their code is loaded when they are used. @param log - receives lines of the server. */
export function lazySandbox(log: (line: string) => void): SandboxHost {
  const load = async (): Promise<SandboxHost> => {
    const { createSandboxHost } = await import("../servers/sandbox/serve-sandbox.ts")
    return createSandboxHost({ clock: systemClock, randomness: systemRandomness, log })
  }
  return {
    serve: async (options) => (await load()).serve(options),
    token: async (options) => (await load()).token(options),
    environment: async (data) => (await load()).environment(data),
  }
}
