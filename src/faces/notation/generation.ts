import type { PolicyWording } from "../../policy/notation/document.ts"
import type { GenerationName } from "./face-flag.ts"

/** Everything in which notation 1.3 and the 2.0 line differ, apart from commands, flags and help. */
export interface Generation {
  readonly name: GenerationName
  /** Version whose behaviour was compared. */
  readonly compared: string
  readonly wording: PolicyWording
  /** Words of `policy import` and `policy show`. */
  readonly policy: PolicyWords
  /** Deleting a store's last certificate deletes the store, and the message names the store. */
  readonly tidiesStores: boolean
  /** Word of `cert generate-test --default`. */
  readonly markedDefault: string
  /** `version` has a line for system and processor. */
  readonly namesPlatform: boolean
  /** Times of log lines have nine digits after the second, and a space before the time of day. */
  readonly preciseLog: boolean
  /** Signature manifests have an artifact type; else the config's media type says what they are. */
  readonly artifactTypeManifest: boolean
  /** `sign` says where the signature was pushed to. */
  readonly saysWherePushed: boolean
  /** `verify` prints an empty line after warnings. */
  readonly blankAfterWarnings: boolean
}

/** What `policy import` and `policy show` say. */
export interface PolicyWords {
  /** Before the reason, by step. */
  readonly failed: Readonly<Record<"read" | "parse" | "validate" | "write", string>>
  readonly overwritten: string
  /** The warning of `--force` is printed even if there is nothing to overwrite. */
  readonly alwaysWarns: boolean
  readonly question: string
  readonly missing: string
  /** Before the reason why the file could not be read. */
  readonly unreadable: string
  readonly invalid: string
}

const IMPORT_HINT = "You can import one using `notation policy import <path-to-policy.json>`"

/** notation 1.3, compared with 1.3.2. */
export const notation1: Generation = {
  name: "notation",
  compared: "1.3.2",
  wording: "v1",
  policy: {
    failed: {
      read: "failed to read trust policy file: ",
      parse: "failed to parse trust policy configuration: ",
      validate: "failed to validate trust policy: ",
      write: "failed to write trust policy file: ",
    },
    overwritten: "existing trust policy configuration file will be overwritten",
    alwaysWarns: true,
    question: "The trust policy file already exists, do you want to overwrite it?",
    missing: `failed to show trust policy as the trust policy file does not exist.\n${IMPORT_HINT}`,
    unreadable: "failed to show trust policy: ",
    invalid:
      "Existing trust policy configuration is invalid, you may update or create a new one via " +
      "`notation policy import <path-to-policy.json>`",
  },
  tidiesStores: false,
  markedDefault: "mark as default signing key",
  namesPlatform: false,
  preciseLog: false,
  artifactTypeManifest: false,
  saysWherePushed: false,
  blankAfterWarnings: false,
}

/** The 2.0 line, compared with its main branch of February 2026, which calls itself 2.0.0-alpha.1. */
export const notation2: Generation = {
  name: "notation2",
  compared: "2.0.0-alpha.1",
  wording: "v2",
  policy: {
    failed: {
      read: "failed to read OCI trust policy configuration: ",
      parse: "failed to parse OCI trust policy configuration: ",
      validate: "failed to validate OCI trust policy configuration: ",
      write: "failed to write OCI trust policy configuration: ",
    },
    overwritten: "existing OCI trust policy configuration will be overwritten",
    alwaysWarns: false,
    question: "The OCI trust policy configuration already exists, do you want to overwrite it?",
    missing: `failed to show OCI trust policy as it does not exist.\n${IMPORT_HINT}`,
    unreadable: "failed to show OCI trust policy: ",
    invalid:
      "Existing OCI trust policy configuration is invalid, you may update or create a new one via " +
      "`notation policy import <path-to-policy.json>`. See https://github.com/notaryproject/specifications/blob/" +
      "8cf800c60b7315a43f0adbcae463d848a353b412/specs/trust-store-trust-policy.md#trust-policy-for-oci-artifacts " +
      "for a trust policy example.",
  },
  tidiesStores: true,
  markedDefault: "marked as default signing key",
  namesPlatform: true,
  preciseLog: true,
  artifactTypeManifest: true,
  saysWherePushed: true,
  blankAfterWarnings: true,
}
