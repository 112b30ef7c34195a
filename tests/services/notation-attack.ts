/** What attacks on Notary Project signatures have in common. */
import { expect } from "vitest"
import { encodePem } from "../../src/codec/pem.ts"
import type { ForgedChain } from "../e2e/notation/forged-chain.ts"
import { attach, type Forgery, forgeJws } from "../e2e/notation/forged-signature.ts"
import type { Pushed, Rig } from "../e2e/notation/rig.ts"

/** One attack: an artifact with a forged signature, and what all programs must say of it. */
export interface Attack {
  /** All three programs refuse, and none says a word of success. */
  readonly expectRefused: (artifact: Pushed, code?: string, text?: string) => Promise<void>
  /** A new artifact with a signature of the holder. */
  readonly forged: (holder: Pick<ForgedChain, "keyPem" | "chain">, forgery?: Forgery) => Promise<Pushed>
  /** Trust the last certificate of a chain beside the others. */
  readonly trustRoot: (chain: Pick<ForgedChain, "chain">) => void
}

/** @param rig - the one of the test that runs. */
export function attackOn(rig: () => Rig): Attack {
  async function expectRefused({ reference }: Pushed, code?: string, text = ""): Promise<void> {
    for (const face of ["notation", "notation2"] as const) {
      const ran = await rig()[face]("verify", reference)
      expect(ran).toMatchObject({ exit: 1, stdout: "" })
      expect(ran.stderr).toContain("Error: signature verification failed for all the signatures associated with ")
      expect(ran.stderr).toContain(text)
    }
    const own = await rig().countersign("verify", "--trust-store", "ca:test", "--identity", "*", reference)
    expect(own.exit).toBe(1)
    expect(own.stdout).not.toMatch(/^verified/m)
    expect(own.stdout + own.stderr).not.toContain("E_INTERNAL")
    if (code !== undefined) expect(own.stdout + own.stderr).toContain(code)
  }

  async function forged(holder: Pick<ForgedChain, "keyPem" | "chain">, forgery: Forgery = {}): Promise<Pushed> {
    const artifact = await rig().push()
    await attach(rig(), artifact, forgeJws(holder, artifact.subject, forgery))
    return artifact
  }

  function trustRoot({ chain }: Pick<ForgedChain, "chain">): void {
    rig().trust("ca:test", encodePem("CERTIFICATE", chain.at(-1) ?? new Uint8Array(0)))
  }

  return { expectRefused, forged, trustRoot }
}
