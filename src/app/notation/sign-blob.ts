import { encodeHex } from "../../codec/hex.ts"
import type { Digest } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import { notationBlobs } from "../../formats/index.ts"
import { readBlob } from "../read-blob.ts"
import type { AppContext } from "../requests.ts"
import { signWithForm, type CertifiedOptions } from "./sign-certified.ts"
import type { EnvelopeSigner, NotationSigner } from "./signer.ts"

/** A file to sign and how. */
export interface NotationBlobRequest extends CertifiedOptions {
  readonly path: string
  /** Of the file, as it is signed. */
  readonly mediaType: string
  readonly form: "jws" | "cose"
  readonly signer: NotationSigner | EnvelopeSigner
}

/**
 * Sign a file: its size and its digest by the hash that belongs to the key.
 *
 * @returns the signature file's bytes; nothing is written.
 * @throws {ToolError} as `signCertified`; `E_FILE_NOT_FOUND`, `E_IO`; `E_USAGE` for plugins that make whole envelopes.
 */
export async function signNotationBlob(app: AppContext, request: NotationBlobRequest): Promise<Uint8Array> {
  const { path, mediaType, form, signer } = request
  if (signer.kind !== "key") {
    throw new ToolError("E_USAGE", { what: "a plugin that makes whole envelopes cannot sign files" })
  }
  const { hash } = signer.keySpec
  const { digests, size } = await readBlob(app, path, new Set([hash]), "none")
  const raw = digests[hash]
  if (raw === undefined) throw new ToolError("E_INTERNAL", { what: "the file was not hashed" })
  const blob = { mediaType, digest: `${hash}:${encodeHex(raw)}` satisfies Digest, size }
  const blobs = await notationBlobs.load()
  const document = await signWithForm(
    app,
    signer,
    {
      draft: (facts) => blobs.draft({ ...facts, form, blob }),
      read: ({ bytes }) => blobs.parse(bytes, form),
    },
    request,
  )
  return document.bytes
}
