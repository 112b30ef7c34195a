import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { encryptCosignKey } from "../../src/crypto/cosign-key-file.ts"
import { generatePrivateKey } from "../../src/crypto/generate.ts"
import { digestOf } from "../../src/crypto/hash.ts"
import { localSigningKey } from "../../src/crypto/local-key.ts"
import { publicKeyPem } from "../../src/crypto/public-key.ts"
import { schemeWithHash, sameScheme } from "../../src/crypto/schemes.ts"
import { verifySignature } from "../../src/crypto/verify.ts"
import { systemRandomness } from "../../src/io/system/randomness.ts"
import { findPeer, havePeers, run } from "../interop/peers.ts"

const message = new TextEncoder().encode("the payload")
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "keys-interop-"))
  writeFileSync(join(folder, "message"), message)
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const legacy: Readonly<Record<"cosign2" | "cosign3", readonly string[]>> = {
  cosign2: [],
  cosign3: ["--new-bundle-format=false", "--use-signing-config=false"],
}

for (const tool of ["cosign2", "cosign3"] as const) {
  describe.skipIf(!havePeers(tool))(`${tool} and keys made here`, () => {
    // RSA key files are read by cosign, but take long to make; one is enough.
    it.each(["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "ed25519"])("%s", async (name) => {
      const made = await generatePrivateKey(name)
      const key = localSigningKey(made)
      const at = (suffix: string): string => join(folder, `${tool}-${name}${suffix}`)
      writeFileSync(at(".key"), await encryptCosignKey(made, new TextEncoder().encode("secret"), systemRandomness))
      writeFileSync(at(".pub"), publicKeyPem(key.publicKey))
      const peer = findPeer(tool) ?? tool

      const shown = await run(peer, ["public-key", "--key", at(".key")], { cwd: folder })
      expect(shown.stdout).toBe(publicKeyPem(key.publicKey))

      // cosign up to 3.1.2 verifies by key with SHA-256 whatever the curve.
      const scheme = schemeWithHash(key.publicKey, "sha256")
      const signatures = [await key.sign(message, scheme)]
      if (!sameScheme(scheme, { scheme: "ed25519" })) {
        signatures.push((await key.signDigest?.(digestOf("sha256", message), scheme)) ?? new Uint8Array())
      }
      for (const [i, signature] of signatures.entries()) {
        writeFileSync(at(`.${i}.sig`), Buffer.from(signature).toString("base64"))
        const flags = tool === "cosign3" ? ["--new-bundle-format=false"] : []
        const args = [
          "verify-blob",
          ...flags,
          "--insecure-ignore-tlog=true",
          "--key",
          at(".pub"),
          "--signature",
          at(`.${i}.sig`),
        ]
        const verified = await run(peer, [...args, join(folder, "message")], { cwd: folder })
        expect(verified.stderr).toContain("Verified OK")
        const refused = await run(peer, [...args, at(".pub")], { cwd: folder })
        expect(refused.code).not.toBe(0)
      }
    })

    it("a signature it makes with our key verifies here", async () => {
      const made = await generatePrivateKey()
      const key = localSigningKey(made)
      const path = join(folder, `${tool}-signs.key`)
      writeFileSync(path, await encryptCosignKey(made, new TextEncoder().encode("secret"), systemRandomness))
      const args = ["sign-blob", "--tlog-upload=false", "--key", path, ...legacy[tool], join(folder, "message")]
      const signed = await run(findPeer(tool) ?? tool, args, { cwd: folder })
      const raw = Uint8Array.from(atob(signed.stdout.trim()), (c) => c.charCodeAt(0))
      const scheme = { scheme: "ecdsa", hash: "sha256" } as const
      expect(verifySignature(key.publicKey, scheme, message, raw)).toBe(true)
      expect(verifySignature(key.publicKey, scheme, message.subarray(1), raw)).toBe(false)
    })
  })
}
