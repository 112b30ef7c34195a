import type { FormatName } from "../../app/requests.ts"
import type { GenerationName } from "./face-flag.ts"

/** Everything in which cosign 2.x and 3.x differ, apart from their flags. */
export interface Generation {
  readonly name: GenerationName
  /** Version whose behaviour was compared. */
  readonly compared: string
  /** Formats that satisfy a verification with and without `--new-bundle-format`. */
  readonly formats: { readonly bundle: readonly FormatName[]; readonly legacy: readonly FormatName[] }
  /** Gets one certificate for a command before it looks at anything, and says what it gets and where it is logged. */
  readonly certifiesFirst: boolean
  /** Says `Signing artifact...` before it signs. */
  readonly announcesSigning: boolean
  /** Words before the reason why `sign` could not load its key. */
  readonly signerContext: string
  /** Words before the reason why a public key could not be loaded. */
  readonly verifierContext: string
  /** Words before the reason why trust data could not be had. */
  readonly trustContext: string
  /** Refuses `sign-blob` and `attest-blob` in the bundle format without `--bundle`. */
  readonly bundleFileRequired: boolean
  /** Prints the signature of `sign-blob --new-bundle-format` too. */
  readonly printsBesideBundle: boolean
  /** Puts the public key into the legacy local bundle. */
  readonly legacyBundleHasKey: boolean
  /** Hash of ECDSA and RSA signatures: by the key's size, or SHA-256 always. */
  readonly blobHash: "key" | "sha256"
  /** Has `--signing-config`, and by default one from Sigstore's TUF repository. */
  readonly signingConfig: boolean
  /** What `tree` says of an image that has nothing attached. */
  readonly nothingAttached: (image: string) => string
  /** Words before the reason why `save` did not find its image. */
  readonly saveNotFound: string
  /** Words before the reason why the folder of `--local-image` could not be read. */
  readonly localImageContext: (folder: string) => string
  /** Text after which `attest-blob --bundle` names the file. */
  readonly attestBlobBundleNote: (path: string) => string
}

/** cosign 2.x, compared with 2.5.0. */
export const cosign2: Generation = {
  name: "cosign2",
  compared: "2.5.0",
  formats: { bundle: ["cosign-v3", "cosign-v2"], legacy: ["cosign-v2"] },
  certifiesFirst: true,
  announcesSigning: false,
  signerContext: "getting signer: ",
  verifierContext: "",
  trustContext: "",
  bundleFileRequired: false,
  printsBesideBundle: true,
  legacyBundleHasKey: false,
  blobHash: "sha256",
  signingConfig: false,
  nothingAttached: (image) =>
    `No Supply Chain Security Related Artifacts artifacts found for image ${image}\n, start creating one with simply running$ cosign sign <img>`,
  saveNotFound: "signed entity: entity not found in registry, error: ",
  localImageContext: () => "",
  attestBlobBundleNote: (path) => `Bundle wrote in the file  ${path}`,
}

/** cosign 3.x, compared with 3.1.1. */
export const cosign3: Generation = {
  name: "cosign3",
  compared: "3.1.1",
  formats: { bundle: ["cosign-v3", "cosign-v2"], legacy: ["cosign-v2"] },
  certifiesFirst: false,
  announcesSigning: true,
  signerContext: "signing digest: getting keypair and token: getting signer: ",
  verifierContext: "loading verifier from key opts: ",
  trustContext: "setting trusted material: ",
  bundleFileRequired: true,
  printsBesideBundle: false,
  legacyBundleHasKey: true,
  blobHash: "key",
  signingConfig: true,
  nothingAttached: (image) =>
    `No Supply Chain Security Related Artifacts found for image ${image},\n start creating one with simply running$ cosign sign <img>`,
  saveNotFound: "resolving digest: ",
  localImageContext: (folder) => `checking local image format: loading OCI layout from ${folder}: `,
  attestBlobBundleNote: (path) => `Wrote bundle to file ${path}`,
}
