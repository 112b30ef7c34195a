import type { GenerationName } from "../face-flag.ts"

/** A variable this face acts upon. */
export interface Variable {
  readonly name: string
  readonly about: string
  readonly expects: string
  readonly secret?: boolean
  /** The other generation does not list it. */
  readonly only?: GenerationName
}

// DEVIATION: cosign also lists variables of hardware tokens, of keys on code hosts and of an agent's log, which are not part of this release.
/** Variables in the order of `cosign env`. */
export const variables: readonly Variable[] = [
  {
    name: "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    about: "is bearer token for the request to the OIDC provider",
    expects: "string with a bearer token",
    secret: true,
  },
  {
    name: "ACTIONS_ID_TOKEN_REQUEST_URL",
    about: "is the URL for GitHub's OIDC provider",
    expects: "string with the URL for the OIDC provider",
  },
  {
    name: "BUILDKITE_AGENT_ACCESS_TOKEN",
    about: "is an access token used to identify the Buildkite agent",
    expects: "string with an access token",
    secret: true,
  },
  { name: "BUILDKITE_AGENT_ENDPOINT", about: "the Buildkite agent endpoint", expects: "string with an endpoint" },
  {
    name: "BUILDKITE_JOB_ID",
    about: "the Buildkite job ID to claim in the OIDC token",
    expects: "string with a job ID",
  },
  {
    name: "COSIGN_DOCKER_MEDIA_TYPES",
    about: "to be used with registries that do not support OCI media types",
    expects: "1 to fallback to legacy OCI media types equivalents (0 by default)",
  },
  {
    name: "COSIGN_EXPERIMENTAL",
    about: "enables experimental cosign features",
    expects: "1 if experimental features should be enabled (0 by default)",
  },
  {
    name: "COSIGN_MAX_ATTACHMENT_SIZE",
    about: "maximum attachment size to download (default 128MiB)",
    expects: "human-readable unit of memory, e.g. 5120, 20K, 3M, 45MiB, 1GB",
  },
  {
    name: "COSIGN_PASSWORD",
    about: "overrides password inputs with this value",
    expects: "string with a password (asks on stdin by default)",
    secret: true,
  },
  {
    name: "COSIGN_REPOSITORY",
    about: "can be used to store signatures in an alternate location",
    expects: "string with a repository",
  },
  {
    name: "GOOGLE_SERVICE_ACCOUNT_NAME",
    about: "is a service account name to be used with the Google provider",
    expects: "string with the service account's name",
  },
  {
    name: "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE",
    about: "overrides what is used to validate the SCT coming back from Fulcio",
    expects: "path to the public key file",
  },
  {
    name: "SIGSTORE_ID_TOKEN",
    about: "is a OIDC token used to authenticate to Fulcio",
    expects: "string with a OIDC token",
    secret: true,
  },
  {
    name: "SIGSTORE_REKOR_PUBLIC_KEY",
    about: "if specified, you can specify an oob Public Key that Rekor uses",
    expects: "path to the public key",
  },
  { name: "SIGSTORE_ROOT_FILE", about: "overrides the public good instance root CA", expects: "path to the root CA" },
  {
    name: "SIGSTORE_TSA_CERTIFICATE_FILE",
    about: "path to the concatenated PEM-encoded TSA certificate file (leaf, intermediate(s), root) used by Sigstore",
    expects: "path to the TSA certificate file",
  },
  {
    name: "SOURCE_DATE_EPOCH",
    about:
      "overrides current time for reproducible builds, see https://reproducible-builds.org/docs/source-date-epoch/",
    expects: "number of seconds since unix epoch",
  },
  {
    name: "SPIFFE_ENDPOINT_SOCKET",
    about: "allows you to specify non-default SPIFFE socket to use.",
    expects: "string with SPIFFE socket path",
  },
  {
    name: "TUF_MIRROR",
    about:
      "URL of the TUF mirror. Use with TUF_ROOT_JSON to refresh TUF metadata during signing and verification commands. Setting this will cause cosign to attempt to use trusted_root.json if available and will ignore custom TUF metadata.",
    expects: "URL of the TUF mirror",
    only: "cosign3",
  },
  {
    name: "TUF_ROOT",
    about: "path to the TUF cache directory",
    expects: "path to the TUF cache directory",
    only: "cosign3",
  },
  {
    name: "TUF_ROOT_JSON",
    about:
      "path to the TUF root.json file used to initialize and update a local TUF repository. Use with TUF_MIRROR to refresh TUF metadata during signing and verification commands. Setting this will cause cosign to attempt to use trusted_root.json if available and will ignore custom TUF metadata.",
    expects: "path to root.json",
    only: "cosign3",
  },
]
