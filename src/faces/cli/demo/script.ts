/** One stop of the tour. */
export interface DemoStep {
  /** What it shows, in a sentence. */
  readonly about: string
  /** Words after the program's name; absent where the tour does something no command does. */
  readonly argv?: readonly string[]
  /** What is done instead of a command. */
  readonly act?: "copy-signature-tag" | "stop-sandbox"
  /** File that gets the standard output, as by `>`; what it holds is not shown. */
  readonly to?: string
  /** Exit code that must come out. */
  readonly exit: number
  /** Texts that stdout and stderr together must contain. */
  readonly contains: readonly string[]
}

/** File with the password of the tour's keys; a file, so that no variable of the user's can get in its way. */
export const PASSWORD_FILE = "password.txt"

/** The certificate of the tour's trusted key, and whose it is. */
export const CERTIFICATE_FILE = "release.pem"
const SUBJECT = "C=US, ST=WA, O=Release Team, CN=release"
const TRUST = ["--trust-store", `ca:./${CERTIFICATE_FILE}`]

/** Folder of the tour's private Sigstore, what it holds, and the identity token that comes out of it. */
export const SANDBOX_FOLDER = "./sigstore"
export const SANDBOX_FILES: readonly string[] = ["signing_config.json", "trusted_root.json"].map(
  (name) => `${SANDBOX_FOLDER}/${name}`,
)
export const TOKEN_FILE = "alice.jwt"
const [SIGNING_CONFIG = "", TRUSTED_ROOT = ""] = SANDBOX_FILES

/** Artifacts of the tour, and the identity provider of its private Sigstore. */
export interface DemoNames {
  readonly app: string
  readonly other: string
  readonly keyless: string
  readonly issuer: string
}

/**
 * The tour: each command with the outcome it must have.
 *
 * @param names - artifacts of the tour.
 */
export function demoSteps(names: DemoNames): readonly DemoStep[] {
  return [...keySteps(names), ...certificateSteps(names), ...attackSteps(names), ...keylessSteps(names)]
}

function keySteps({ app }: DemoNames): readonly DemoStep[] {
  return [
    {
      about: "push a file as an artifact",
      argv: ["push", app, "app.txt:text/plain"],
      exit: 0,
      contains: ["pushed", "sha256:"],
    },
    {
      about: "an artifact without a signature is refused: exit code 1",
      argv: ["verify", "--key", "release.pub", app],
      exit: 1,
      contains: ["unsigned", "E_SIG_NONE"],
    },
    {
      about: "sign it for readers of cosign 3 and of cosign 2 at once",
      argv: [
        "sign",
        "--key",
        "release.key",
        "--password-file",
        PASSWORD_FILE,
        "--format",
        "cosign-v3,cosign-v2",
        "-a",
        "env=prod",
        app,
      ],
      exit: 0,
      contains: ["signed", "cosign-v3", "cosign-v2"],
    },
    {
      about: "see what is attached, and where",
      argv: ["tree", app],
      exit: 0,
      contains: ["signature tag", "referrers"],
    },
    {
      about: "verify it, and the signed annotation with it",
      argv: ["verify", "--key", "release.pub", "-a", "env=prod", app],
      exit: 0,
      contains: ["verified", "env=prod"],
    },
    {
      about: "explain the answer: every place, every signature, every check",
      argv: ["explain", "--key", "release.pub", app],
      exit: 0,
      contains: ["places asked", "signature.cryptographic", "subject.digest", "allow"],
    },
    {
      about: "another key is refused: the artifact is signed, but not by whom we trust",
      argv: ["verify", "--key", "stranger.pub", app],
      exit: 1,
      contains: ["untrusted", "E_SIG_"],
    },
    {
      about: "attach a signed statement",
      argv: [
        "attest",
        "--key",
        "release.key",
        "--password-file",
        PASSWORD_FILE,
        "--type",
        "custom",
        "--predicate",
        "facts.json",
        app,
      ],
      exit: 0,
      contains: ["attested"],
    },
    {
      about: "and verify it",
      argv: ["verify", "--key", "release.pub", "--attestation", "custom", app],
      exit: 0,
      contains: ["verified", "attestation"],
    },
  ]
}

function certificateSteps({ app }: DemoNames): readonly DemoStep[] {
  return [
    {
      about: "readers of notation want a certificate: make one for the same key",
      argv: [
        "cert",
        "self-sign",
        "--key",
        "release.key",
        "--password-file",
        PASSWORD_FILE,
        "--subject",
        SUBJECT,
        "--cert",
        CERTIFICATE_FILE,
      ],
      exit: 0,
      contains: ["certificate", "valid until"],
    },
    {
      about: "sign for them too, as JWS and as COSE, for a month",
      argv: [
        "sign",
        "--key",
        "release.key",
        "--cert-chain",
        CERTIFICATE_FILE,
        "--password-file",
        PASSWORD_FILE,
        "--format",
        "notation,notation-cose",
        "--expires",
        "720h",
        app,
      ],
      exit: 0,
      contains: ["signed", "notation-cose"],
    },
    {
      about: "verify by certificate: whose it is, and not only that it holds",
      argv: ["verify", ...TRUST, "--identity", `x509.subject: ${SUBJECT}`, app],
      exit: 0,
      contains: ["verified", "O=Release Team"],
    },
    {
      about: "somebody else with a good certificate is still somebody else",
      argv: ["verify", ...TRUST, "--identity", "x509.subject: C=US, ST=WA, O=Other", app],
      exit: 1,
      contains: ["untrusted", "E_CERT_IDENTITY"],
    },
  ]
}

function attackSteps({ other }: DemoNames): readonly DemoStep[] {
  return [
    { about: "push a changed file", argv: ["push", other, "changed.txt:text/plain"], exit: 0, contains: ["pushed"] },
    {
      about: "an attacker gives it the signature of the first artifact",
      act: "copy-signature-tag",
      exit: 0,
      contains: [],
    },
    {
      about: "the copy is refused: that signature is about other bytes",
      argv: ["verify", "--key", "release.pub", other],
      exit: 1,
      contains: ["untrusted", "E_SIG_SUBJECT_MISMATCH"],
    },
  ]
}

function keylessSteps({ keyless, issuer }: DemoNames): readonly DemoStep[] {
  const asks = (identity: string): readonly string[] => ["--identity", identity, "--issuer", issuer]
  return [
    {
      about: "without any key: push another file",
      argv: ["push", keyless, "facts.json"],
      exit: 0,
      contains: ["pushed"],
    },
    {
      about: "log in as Alice at a private Sigstore of the tour's own; elsewhere a browser opens, or the CI vouches",
      argv: ["sandbox", "token", "--data", SANDBOX_FOLDER, "--email", ALICE],
      to: TOKEN_FILE,
      exit: 0,
      contains: [],
    },
    {
      about: "sign as Alice: a certificate for ten minutes, and an entry in a transparency log",
      argv: [
        ...["sign", "--keyless", "--yes", "--identity-token", TOKEN_FILE],
        ...["--signing-config", SIGNING_CONFIG, "--trusted-root", TRUSTED_ROOT, keyless],
      ],
      exit: 0,
      contains: ["signed", ALICE],
    },
    { about: "everything that vouched is taken away", act: "stop-sandbox", exit: 0, contains: [] },
    {
      about: "verify whose it is, by certificate, log entry and trusted root alone",
      argv: ["verify", "--offline", "--trusted-root", TRUSTED_ROOT, ...asks(ALICE), keyless],
      exit: 0,
      contains: ["verified", ALICE, "vouched by"],
    },
    {
      about: "nobody else is taken for Alice",
      argv: ["verify", "--offline", "--trusted-root", TRUSTED_ROOT, ...asks("mallory@example.com"), keyless],
      exit: 1,
      contains: ["untrusted", "E_CERT_IDENTITY"],
    },
  ]
}

const ALICE = "alice@example.com"
