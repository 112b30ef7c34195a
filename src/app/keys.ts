import { encodeUtf8 } from "../codec/utf8.ts"
import type { KeyType, PublicKey } from "../core/ports.ts"
import { generatePrivateKey } from "../crypto/generate.ts"
import { validateImportKey, type PrivateKey } from "../crypto/private-key.ts"
import { publicKeyOf, publicKeyPem as pemOf } from "../crypto/public-key.ts"
import type { AppContext } from "./requests.ts"

/** Both halves of a key as files hold them: the private one encrypted the way cosign reads it. */
export interface KeyPairFiles {
  readonly privatePem: Uint8Array
  readonly publicPem: Uint8Array
}

/**
 * Make a new key pair.
 *
 * @param request - `password` may be empty; `type` defaults to ECDSA on P-256.
 */
export async function generateKeyPair(
  app: AppContext,
  request: { readonly password: Uint8Array; readonly type?: KeyType },
): Promise<KeyPairFiles> {
  return seal(app, await generatePrivateKey(request.type), request.password)
}

/**
 * Encrypt an existing private key into a key pair.
 *
 * @param request - `pem` holds one unencrypted PKCS#1, SEC 1 or PKCS#8 key.
 * @throws {ToolError} `E_KEY_TYPE` for weak keys and other kinds.
 */
export async function importKeyPair(
  app: AppContext,
  request: { readonly pem: Uint8Array; readonly password: Uint8Array },
): Promise<KeyPairFiles> {
  return seal(app, validateImportKey(request.pem), request.password)
}

/** A public key as PEM text with a final newline. */
export function publicKeyPem(key: PublicKey): string {
  return pemOf(key)
}

async function seal(app: AppContext, key: PrivateKey, password: Uint8Array): Promise<KeyPairFiles> {
  // Loaded on use: the cipher comes with a library that only key files need.
  const { encryptCosignKey } = await import("../crypto/cosign-key-file.ts")
  return {
    privatePem: encodeUtf8(await encryptCosignKey(key, password, app.randomness)),
    publicPem: encodeUtf8(pemOf(publicKeyOf(key))),
  }
}
