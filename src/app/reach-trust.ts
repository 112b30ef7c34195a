import { asToolError, ToolError } from "../core/errors.ts"
import type { TrustRepository } from "../core/sigstore-ports.ts"

/** Host of the repository of Sigstore's public instance. */
const PUBLIC_HOST = "tuf-repo-cdn.sigstore.dev"

const INSTEAD = [
  "go by what is cached, or came with this program: `--offline`",
  "or name the trusted root of the instance that signed: `--trusted-root FILE`",
  "or take the trust data from a mirror that can be reached: `countersign trust update --mirror URL --root FILE`",
]

/**
 * Read trust data; where its repository cannot be reached, the error says what was wanted of it, and what to do without.
 *
 * @param wanted - such as `trusted root`.
 * @throws {ToolError} what `read` throws, with the same code.
 */
export async function reachTrust<T>(
  trust: Pick<TrustRepository, "status">,
  wanted: string,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read()
  } catch (thrown) {
    const error = asToolError(thrown)
    if (!unreachable(error)) throw thrown
    throw new ToolError(error.code, {
      what: `${await ownerOf(trust, wanted)} could not be refreshed`,
      why: error.message,
      next: INSTEAD,
      details: error.details,
      kind: error.kind,
      cause: error,
    })
  }
}

/** Whether nobody answered. What was forbidden, or too large, has advice of its own. */
function unreachable({ code }: ToolError): boolean {
  return ["E_NET_DNS", "E_NET_CONNECT", "E_NET_TIMEOUT", "E_NET_PROXY"].includes(code) || code.startsWith("E_TLS_")
}

async function ownerOf(trust: Pick<TrustRepository, "status">, wanted: string): Promise<string> {
  try {
    const { mirror } = await trust.status({ offline: true })
    const host = URL.parse(mirror)?.host
    if (host === undefined) return `the ${wanted}`
    return `the ${wanted} of ${host === PUBLIC_HOST ? "Sigstore's public instance" : "the instance in use"} (mirror ${host})`
  } catch {
    // What keeps the name of the mirror from being known must not hide that it is not there.
    return `the ${wanted}`
  }
}
