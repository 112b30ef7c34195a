import { ToolError } from "../core/errors.ts"
import type { PublicKey } from "../core/ports.ts"
import type { Prehash } from "./prehash-curves.ts"

let loaded: Prehash | undefined

/**
 * Load the curves that work on hash values. They are 100 kB of big-number code that signatures over whole messages never
 * need, so whoever has only a digest, or an Ed25519 key, loads them first.
 */
export async function loadPrehash(): Promise<void> {
  if (loaded === undefined) loaded = (await import("./prehash-curves.ts")).prehashCurves
}

/** Load them if one of these keys may need them for a message: Ed25519 keys may have signed its hash. */
export async function loadPrehashFor(keys: readonly Pick<PublicKey, "type">[]): Promise<void> {
  if (keys.some(({ type }) => type === "ed25519")) await loadPrehash()
}

/**
 * The curves, once they are loaded.
 *
 * @throws {ToolError} `E_INTERNAL` before: nothing is ever taken for verified or for invalid without them.
 */
export function prehash(): Prehash {
  if (loaded !== undefined) return loaded
  throw new ToolError("E_INTERNAL", { what: "signatures over digests were asked for before their code was loaded" })
}
