import type { HashAlgorithm } from "../core/ports.ts"

/** Names of hash algorithms in protobuf JSON and their enum numbers. */
export const protoHashes: readonly { readonly name: string; readonly number: number; readonly hash: HashAlgorithm }[] =
  [
    { name: "SHA2_256", number: 1, hash: "sha256" },
    { name: "SHA2_384", number: 2, hash: "sha384" },
    { name: "SHA2_512", number: 3, hash: "sha512" },
  ]
