/**
 * Every error code, its kind, its exit code and its standing advice. `docs/errors/<CODE>.md` is generated from this table.
 *
 * Adding a code: one line here, one test that asserts it, then `npm run docs:errors`.
 */

/** Why a command ended without a yes. */
export type ErrorKind = "negative" | "usage" | "unknown" | "conflict" | "bug"

/** Exit code of the unified command line per kind. */
export const EXIT: Readonly<Record<ErrorKind, number>> = { negative: 1, usage: 2, unknown: 3, conflict: 4, bug: 70 }

/** What the catalogue knows of one code. */
export interface CatalogueEntry {
  readonly kind: ErrorKind
  readonly retryable: boolean
  readonly summary: string
  readonly next: readonly string[]
}

/** code, kind, whether trying again can help, summary, standing advice. */
const rows = [
  [
    "E_REF_INVALID",
    "usage",
    false,
    "a reference or digest is not well-formed",
    "write it as `registry/repository[:tag][@sha256:…]`",
  ],
  [
    "E_REF_TAG_NOT_FOUND",
    "negative",
    false,
    "the artifact does not exist in the repository",
    "list what is there with your registry's tool, or check the spelling",
  ],
  [
    "E_REF_NEEDS_DIGEST",
    "usage",
    false,
    "the command needs a digest and got a tag",
    "use `registry/repository@sha256:…`",
  ],

  ["E_REGISTRY_UNAUTHENTICATED", "unknown", false, "the registry wants credentials", "run `countersign login HOST`"],
  [
    "E_REGISTRY_DENIED",
    "unknown",
    false,
    "the registry refused the operation for these credentials",
    "ask for the named right on the repository, or log in as somebody who has it",
  ],
  [
    "E_REGISTRY_RATE_LIMITED",
    "unknown",
    true,
    "the registry asked us to slow down",
    "wait the time named and run the command again",
  ],
  [
    "E_REGISTRY_TAG_IMMUTABLE",
    "conflict",
    false,
    "the repository forbids overwriting the tag",
    "exclude `sha256-*` from tag immutability, or use `--format cosign-v3` on a registry with the referrers API",
  ],
  [
    "E_REGISTRY_REFERRERS_UNSUPPORTED",
    "unknown",
    false,
    "the registry has no usable referrers API",
    "use a format that stores signatures under tags",
  ],
  [
    "E_REGISTRY_PROTOCOL",
    "unknown",
    false,
    "the registry answered against the distribution specification",
    "run with `--debug` to see the request, and report it to the registry's operator",
  ],
  ["E_REGISTRY_CONFLICT", "conflict", false, "others kept changing the same tag", "run the command again"],
  ["E_REGISTRY_UNAVAILABLE", "unknown", true, "the registry failed to answer", "try again later"],

  ["E_NET_DNS", "unknown", true, "a host name could not be resolved", "check the spelling of the host and your DNS"],
  [
    "E_NET_CONNECT",
    "unknown",
    true,
    "no connection could be made or it broke",
    "check that the host and port are reachable",
  ],
  [
    "E_NET_TIMEOUT",
    "unknown",
    true,
    "the other side did not answer in time",
    "try again, or allow more time with `--timeout`",
  ],
  ["E_NET_PROXY", "unknown", false, "the proxy refused or failed", "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"],
  [
    "E_NET_OFFLINE",
    "unknown",
    false,
    "the network was needed although `--offline` was given",
    "give the data as a file, or leave out `--offline`",
  ],
  [
    "E_NET_TOO_LARGE",
    "unknown",
    false,
    "a response was larger than allowed",
    "check that the reference names what you mean",
  ],
  [
    "E_NET_FORBIDDEN_TARGET",
    "unknown",
    false,
    "a server sent us to an address or origin we refuse",
    "check the registry's configuration; nothing was sent to that address",
  ],
  [
    "E_TLS_UNKNOWN_CA",
    "unknown",
    false,
    "the server's certificate is not signed by a known authority",
    "add the authority with `--registry-cacert FILE`, certs.d or SSL_CERT_FILE",
  ],
  [
    "E_TLS_HOSTNAME",
    "unknown",
    false,
    "the server's certificate is for another host",
    "use the host name of the certificate",
  ],
  [
    "E_TLS_HANDSHAKE",
    "unknown",
    false,
    "no TLS connection could be made",
    "check that the port serves https and that the server's certificate is within its validity",
  ],
  ["E_TLS_CLIENT", "usage", false, "a client certificate or certificate folder is unusable", "check the files named"],

  [
    "E_FORMAT_UNKNOWN",
    "usage",
    false,
    "the document is of no known format",
    "run `countersign inspect` on it to see what it is",
  ],
  [
    "E_FORMAT_MALFORMED",
    "negative",
    false,
    "a document is not well-formed",
    "the document was made by a faulty tool or changed afterwards; get it again from its source",
  ],
  [
    "E_FORMAT_UNSUPPORTED_VERSION",
    "negative",
    false,
    "the document has a version this program does not read",
    "check for a newer countersign",
  ],
  [
    "E_FORMAT_CRITICAL_UNKNOWN",
    "negative",
    false,
    "a part marked critical is not understood",
    "check for a newer countersign",
  ],
  [
    "E_LIMIT_EXCEEDED",
    "negative",
    false,
    "an input is larger than a limit",
    "check where the input comes from; what is this large is rarely what it claims to be",
  ],

  ["E_SIG_NONE", "negative", false, "the artifact is not signed", "sign it with `countersign sign`"],
  ["E_SIG_INVALID", "negative", false, "a signature does not verify", "run `countersign explain` to see every check"],
  [
    "E_SIG_UNTRUSTED",
    "negative",
    false,
    "the artifact is signed, but not by whom you trust",
    "run `countersign explain` to see every check",
  ],
  [
    "E_SIG_SUBJECT_MISMATCH",
    "negative",
    false,
    "a signature is about another artifact",
    "run `countersign explain` to see which",
  ],
  ["E_SIG_EXPIRED", "negative", false, "a signature is past its expiry", "sign the artifact again"],
  ["E_SIG_THRESHOLD", "negative", false, "too few distinct signers", "collect the missing signatures"],
  [
    "E_SIG_OTHER_FORMAT",
    "negative",
    false,
    "the artifact is signed, but in a format that was not asked for",
    "verify the format named, or add the missing one with `countersign sign --format`",
  ],
  [
    "E_SIG_ANNOTATION",
    "negative",
    false,
    "a signed annotation is missing or different",
    "run `countersign inspect` to see the signed annotations",
  ],

  [
    "E_TLOG_MISSING",
    "negative",
    false,
    "a transparency log entry is required and none was verified",
    "sign with an entry in a log that you trust",
  ],

  [
    "E_TLOG_PROOF",
    "negative",
    false,
    "a log's promise, checkpoint or inclusion proof does not hold",
    "get the signature again from its source; if it stays so, report it to the log's operator",
  ],
  [
    "E_TLOG_KEY_UNKNOWN",
    "negative",
    false,
    "a log entry was made by a log that is not trusted",
    "give the trusted root of the instance that signed: `--trusted-root FILE`",
  ],
  [
    "E_TLOG_ENTRY_MISMATCH",
    "negative",
    false,
    "a log entry is about something else than this signature",
    "get the signature again from its source; do not use the artifact until you know why",
  ],
  [
    "E_CERT_SCT",
    "negative",
    false,
    "nothing shows that the certificate was logged by a trusted certificate transparency log",
    "check that the trusted root is of the instance that signed",
  ],

  [
    "E_CERT_CHAIN",
    "negative",
    false,
    "a certificate chain is not well-formed or does not hold",
    "run `countersign cert doctor FILE` on the chain",
  ],
  [
    "E_CERT_USAGE",
    "negative",
    false,
    "a certificate is not meant for this use",
    "use a certificate issued for signing code",
  ],
  [
    "E_CERT_EXPIRED",
    "negative",
    false,
    "a certificate had expired at the time that counts",
    "sign again with a valid certificate, or timestamp signatures when signing",
  ],
  [
    "E_CERT_NOT_YET_VALID",
    "negative",
    false,
    "a certificate was not valid yet at the time that counts",
    "check the signer's clock and the certificate's dates",
  ],
  [
    "E_CERT_UNTRUSTED",
    "negative",
    false,
    "no certificate of the chain is in a trust store",
    "if you trust the signer, add the root with `countersign trust add`",
  ],
  [
    "E_CERT_IDENTITY",
    "negative",
    false,
    "the signing certificate is nobody the policy names",
    "compare the subject shown with the identities of the policy",
  ],
  [
    "E_CERT_REVOKED",
    "negative",
    false,
    "a certificate was revoked",
    "do not trust what it signed; ask the signer for a new signature",
  ],
  [
    "E_CERT_REVOCATION_UNKNOWN",
    "unknown",
    true,
    "whether a certificate was revoked could not be found out",
    "make sure that the OCSP responder or revocation list named can be reached; with `--offline` only lists fetched before count",
  ],
  [
    "E_TIME_MISSING",
    "negative",
    false,
    "a trusted timestamp is required and there is none",
    "sign with `--timestamp-url`",
  ],
  [
    "E_TSA_INVALID",
    "negative",
    false,
    "a timestamp or the answer of a timestamp authority does not hold",
    "use another timestamp authority, or report it to this one",
  ],
  [
    "E_TSA_UNTRUSTED",
    "negative",
    false,
    "a timestamp was not made by an authority that is trusted",
    "if you trust the authority, add its root to a store of type tsa",
  ],
  [
    "E_TRUST_MISSING",
    "usage",
    false,
    "nothing was named that could be trusted",
    "name a key with `--key`, or a trust store and an identity with `--trust-store` and `--identity`; `countersign trust add` fills stores",
  ],
  ["E_TRUST_MALFORMED", "usage", false, "trust data is not well-formed", "check the file named"],
  [
    "E_TRUST_STALE",
    "unknown",
    true,
    "trust data is past its expiry and could not be refreshed",
    "check the network and the clock, or use what is there knowingly with `--offline`",
  ],
  [
    "E_TRUST_ROLLBACK",
    "unknown",
    false,
    "a repository of trust data served something older than what is known",
    "do not use the mirror until its operator explains it",
  ],

  [
    "E_OIDC_NO_TOKEN",
    "usage",
    false,
    "no identity token could be had",
    "set SIGSTORE_ID_TOKEN, give `--identity-token FILE`, or run on a terminal with a browser",
  ],
  [
    "E_OIDC_REJECTED",
    "negative",
    false,
    "an identity token or the answer of an identity provider does not hold",
    "log in again; if it stays so, check the issuer and the client id",
  ],
  [
    "E_OIDC_PERMISSION",
    "negative",
    false,
    "the identity provider or the person at it refused",
    "grant the permission named, such as `id-token: write` in a GitHub workflow",
  ],
  [
    "E_SERVICE_REFUSED",
    "unknown",
    false,
    "a signing service refused the request",
    "read the service's message above; check the signing config",
  ],
  [
    "E_SERVICE_PROTOCOL",
    "unknown",
    false,
    "a signing service answered against its protocol",
    "check that the URL is of the service meant, and report it to its operator",
  ],

  ["E_KEY_NOT_FOUND", "usage", false, "a key could not be read", "check the path or reference"],
  [
    "E_KEY_PASSWORD",
    "usage",
    false,
    "the password of a private key is missing or wrong",
    "set COUNTERSIGN_PASSWORD or COSIGN_PASSWORD, or run on a terminal",
  ],
  [
    "E_KEY_TYPE",
    "usage",
    false,
    "the key is of a kind that cannot be used here",
    "generate one with `countersign keys generate`",
  ],
  ["E_KEY_PROVIDER", "unknown", false, "the key's provider failed", "check the provider named"],
  [
    "E_KEY_NO_TERMINAL",
    "usage",
    false,
    "input is needed and there is no terminal",
    "give the value by the variable or option named",
  ],

  [
    "E_PLUGIN_NOT_FOUND",
    "usage",
    false,
    "a plugin is not installed or cannot be run",
    "see what is installed with `countersign notation plugin list`",
  ],
  [
    "E_PLUGIN_FAILED",
    "unknown",
    false,
    "a plugin failed or answered against the protocol",
    "run the plugin's own diagnosis; its message is shown above",
  ],
  [
    "E_PLUGIN_INVALID",
    "usage",
    false,
    "the source holds no plugin that can be installed",
    "check the file, and take it from the plugin's own release page",
  ],
  [
    "E_PLUGIN_EXISTS",
    "conflict",
    false,
    "the plugin is installed in the same or a newer version",
    "allow it with `--force`",
  ],
  ["E_POLICY_INVALID", "usage", false, "a policy is not well-formed", "check the field named"],
  ["E_POLICY_NO_RULE", "negative", false, "no policy rule covers the artifact", "add a rule"],
  [
    "E_POLICY_DENIED",
    "negative",
    false,
    "the policy denies the artifact",
    "run `countersign explain` to see the rule and the failed check",
  ],

  [
    "E_FILE_NOT_FOUND",
    "usage",
    false,
    "a file or folder that was named does not exist or cannot be opened",
    "check the path and the rights",
  ],
  ["E_IO", "unknown", false, "a file could not be read or written", "check the path, the rights and the free space"],
  [
    "E_STORAGE_LOCKED",
    "conflict",
    false,
    "a storage folder is in use by another server",
    "stop the other server, or use another folder",
  ],
  [
    "E_STORAGE_CORRUPT",
    "unknown",
    false,
    "stored content does not match its digest",
    "push the content again; check the disk",
  ],
  [
    "E_FILE_EXISTS",
    "conflict",
    false,
    "a file would be overwritten",
    "name another file, or allow it with the option named",
  ],
  [
    "E_ADDRESS_IN_USE",
    "conflict",
    false,
    "another program listens on the address already",
    "choose another address, or let a free port be picked with `--listen 127.0.0.1:0`",
  ],
  ["E_DECLINED", "conflict", false, "a confirmation was declined", "run again and confirm, or pass `--yes`"],
  ["E_USAGE", "usage", false, "the command line is wrong", "run the command with `--help`"],
  ["E_CONFIG_INVALID", "usage", false, "a configuration file or variable is wrong", "check the file or variable named"],
  ["E_INTERNAL", "bug", false, "an internal error", "please report it with the output of `--debug`"],
] as const

/** Stable, searchable code of an error. */
export type ErrorCode = (typeof rows)[number][0]

/** The table above, by code. */
export const catalogue: Readonly<Record<ErrorCode, CatalogueEntry>> = Object.fromEntries(
  rows.map(([code, kind, retryable, summary, next]) => [code, { kind, retryable, summary, next: [next] }]),
) as unknown as Record<ErrorCode, CatalogueEntry>
