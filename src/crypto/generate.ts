import { generateKeyPair } from "node:crypto"
import { ToolError } from "../core/errors.ts"
import type { PrivateKey } from "./private-key.ts"

/** Names of {@link generatePrivateKey}. */
export type KeyName = "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "rsa-2048" | "rsa-3072" | "rsa-4096" | "ed25519"

/** Every name, the default first. */
export const keyNames: readonly KeyName[] = [
  "ecdsa-p256",
  "ecdsa-p384",
  "ecdsa-p521",
  "rsa-2048",
  "rsa-3072",
  "rsa-4096",
  "ed25519",
]

type Done = (error: Error | null, publicKey: unknown, privateKey: PrivateKey) => void

function start(name: KeyName, done: Done): void {
  switch (name) {
    case "ecdsa-p256":
    case "ecdsa-p384":
    case "ecdsa-p521":
      generateKeyPair("ec", { namedCurve: `P-${name.slice(-3)}` }, done)
      return
    case "rsa-2048":
    case "rsa-3072":
    case "rsa-4096":
      generateKeyPair("rsa", { modulusLength: Number(name.slice(4)), publicExponent: 65537 }, done)
      return
    case "ed25519":
      generateKeyPair("ed25519", undefined, done)
      return
  }
}

/**
 * Make a new private key.
 *
 * @param name - kind of key; `rsa` means 3072 bits. Default `ecdsa-p256`, what cosign makes.
 * @throws {ToolError} `E_KEY_TYPE` for an unknown name.
 */
export async function generatePrivateKey(name = "ecdsa-p256"): Promise<PrivateKey> {
  const known = keyNames.find((item) => item === (name === "rsa" ? "rsa-3072" : name))
  if (known === undefined) {
    throw new ToolError("E_KEY_TYPE", {
      what: `unknown kind of key ${JSON.stringify(name)}`,
      why: `expected one of ${keyNames.join(", ")}`,
      next: ["leave the kind out for ecdsa-p256"],
    })
  }
  return new Promise((resolve, reject) => {
    start(known, (error, _, privateKey) => {
      if (error === null) resolve(privateKey)
      else reject(error)
    })
  })
}
