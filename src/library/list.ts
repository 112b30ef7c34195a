import { listAttached } from "../app/list.ts"
import { mapBounded } from "../app/map-bounded.ts"
import { parseTarget } from "../app/parse-target.ts"
import type { ListResult } from "../app/requests.ts"
import { limits } from "../core/limits.ts"
import { checkOptions, openLibrary, type CommonOptions } from "./options.ts"

export interface ListOptions extends Pick<CommonOptions, "artifacts" | "registry" | "signatureRepository"> {
  /** Decode contents too; nothing in them is verified. */
  readonly decode?: boolean
}

const OPTIONS: Readonly<Record<keyof ListOptions, true>> = {
  artifacts: true,
  registry: true,
  signatureRepository: true,
  decode: true,
}

/**
 * Everything attached to artifacts, in input order, without judging it.
 *
 * @throws {ToolError} `E_REF_*`, `E_REGISTRY_*`, `E_NET_*`.
 */
export async function list(options: ListOptions): Promise<readonly ListResult[]> {
  checkOptions(options, OPTIONS)
  const { signatureRepository } = options
  const targets = options.artifacts.map(parseTarget)
  const { app, close } = openLibrary(options.registry, { targets, signatureRepository })
  try {
    return await mapBounded(targets, limits.perHost, (target) =>
      listAttached(app, {
        target,
        decode: options.decode ?? false,
        ...(signatureRepository === undefined ? {} : { signatureRepository }),
      }),
    )
  } finally {
    await close()
  }
}
