import { equalBytes } from "../codec/equal-bytes.ts"
import { ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import type { Files } from "../core/ports.ts"
import type { TrustData } from "../core/sigstore-ports.ts"
import type { IdentityRule, TrustedRoot, WitnessRule } from "../core/sigstore.ts"
import { loadedOnce } from "./loaded-once.ts"
import { reachTrust } from "./reach-trust.ts"
import type { AppContext, SigstoreTrustRequest } from "./requests.ts"

/** Whose identities count and what must vouch, as a caller says it. Texts that are empty count as not given. */
export interface SigstoreChoice {
  /** Kinds of {@link file://./identity-matchers.ts}. */
  readonly identities: readonly string[]
  readonly issuer?: string
  /** Whether keys are named too. */
  readonly keys: boolean
  /** Default: `require` for identities, `ignore` for keys. */
  readonly log?: "require" | "ignore"
  /** Distinct logs; at least one. */
  readonly logThreshold?: number
  /** Distinct timestamp authorities. */
  readonly timestamps?: number
  readonly sct?: "require" | "ignore"
  /** Path; absent = the trusted root of the TUF repository. */
  readonly trustedRoot?: string
  /** Paths of PEM files: authorities instead of those of the trusted root. */
  readonly caRoots?: string
  readonly caIntermediates?: string
  /** Path of the signer's certificate, where the evidence holds none. */
  readonly certificate?: string
  /** Version 1 logs that are asked about legacy signatures without entry. */
  readonly logUrls?: readonly string[]
  /** Trust data may not be refreshed. */
  readonly offline: boolean
  /** Told where the trusted root came from when it was read out of the repository. */
  readonly onTrust?: (data: TrustData<TrustedRoot>) => Promise<void>
}

/** The request, and sentences about what of it lets in more than it may seem. */
export interface SigstoreAnswer {
  readonly request: SigstoreTrustRequest
  readonly warnings: readonly string[]
}

/**
 * What a choice asks of a verification; nothing when it names no identity and no witness.
 *
 * @throws {ToolError} `E_USAGE` for what is malformed, contradicts itself or would do nothing.
 */
export async function sigstoreRequest(app: AppContext, choice: SigstoreChoice): Promise<SigstoreAnswer> {
  const { identities, issuer } = choice
  checkWord("--log", choice.log)
  checkWord("--sct", choice.sct)
  if (identities.length === 0 && issuer !== undefined) {
    throw new ToolError("E_USAGE", {
      what: "an issuer without an identity",
      why: "an issuer vouches for many; nothing says whose signature is wanted",
      next: ["name the signer: `--identity alice@example.com`"],
    })
  }
  const witnesses = witnessRule(choice)
  const wanted = witnesses.logs > 0 || witnesses.timestamps > 0
  if (identities.length === 0) {
    refuseUseless(choice, wanted)
    if (!wanted) return { request: {}, warnings: [] }
  }
  const { rules, warnings } = identities.length === 0 ? NOBODY : await rulesOf(identities, issuer)
  const { logUrls = [] } = choice
  return {
    request: {
      ...(rules.length === 0
        ? {}
        : {
            keyless: {
              identities: rules,
              sct: choice.sct ?? "require",
              witnesses: keylessWitnesses(choice, witnesses),
            },
          }),
      ...(choice.keys && wanted ? { witnesses } : {}),
      trustedRoot: () => readRoot(app, choice),
      ...(choice.certificate === undefined ? {} : { certificate: await readLeaf(app.files, choice.certificate) }),
      ...(logUrls.length === 0 ? {} : { logUrls }),
    },
    warnings,
  }
}

/** Callers without types may say anything. */
function checkWord(flag: string, value: string | undefined): void {
  if (value === undefined || value === "require" || value === "ignore") return
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(value).slice(0, 200)} for ${flag}`,
    why: "expected require or ignore",
  })
}

const NOBODY = { rules: [], warnings: [] } as const

async function rulesOf(
  texts: readonly string[],
  issuer: string | undefined,
): Promise<{ readonly rules: readonly IdentityRule[]; readonly warnings: readonly string[] }> {
  const [{ identityRule }, { broadParts }] = await Promise.all([
    import("./identity-matchers.ts"),
    import("./broad-identities.ts"),
  ])
  const rules = [...new Set(texts)].map((text) => identityRule(text, issuer))
  return { rules, warnings: [...new Set(rules.flatMap(broadParts))] }
}

/** What is asked in so many words; keys need no more. */
function witnessRule({ log, logThreshold, timestamps = 0, logUrls = [] }: SigstoreChoice): WitnessRule {
  if (logThreshold !== undefined && (!Number.isSafeInteger(logThreshold) || logThreshold < 1)) {
    throw badCount("--log-threshold", logThreshold, "at least 1; `--log ignore` asks for none")
  }
  if (!Number.isSafeInteger(timestamps) || timestamps < 0) throw badCount("--timestamps", timestamps, "0 or more")
  if (log === "ignore" && (logThreshold !== undefined || logUrls.length > 0)) {
    throw new ToolError("E_USAGE", {
      what: "log entries are wanted and ignored at once",
      why: `got --log ignore and ${logThreshold === undefined ? "a log's URL" : "--log-threshold"}`,
      next: ["leave out one of them"],
    })
  }
  const logs = log === "require" || logThreshold !== undefined || logUrls.length > 0 ? (logThreshold ?? 1) : 0
  return { logs, timestamps, ...(logUrls.length === 0 ? {} : { online: true }) }
}

/** Identities need an entry unless the log is ignored: their certificates have expired long ago. */
function keylessWitnesses({ log }: SigstoreChoice, rule: WitnessRule): WitnessRule {
  return log === "ignore" || rule.logs > 0 ? rule : { ...rule, logs: 1 }
}

function badCount(flag: string, count: number, expected: string): ToolError {
  return new ToolError("E_USAGE", {
    what: `bad value ${count} for ${flag}`,
    why: `expected a whole number, ${expected}`,
  })
}

/**
 * SECURITY: an option that was given and decides nothing would be taken for a check that was made.
 *
 * @param wanted - whether logs or timestamps must vouch for the keys' signatures.
 */
function refuseUseless(choice: SigstoreChoice, wanted: boolean): void {
  const { sct, trustedRoot, caRoots, caIntermediates, certificate } = choice
  const given = Object.entries({
    "--sct": sct,
    "--ca-roots": caRoots,
    "--ca-intermediates": caIntermediates,
    ...(wanted ? {} : { "--trusted-root": trustedRoot, "--certificate": certificate }),
  })
  const [useless] = given.find(([, value]) => value !== undefined) ?? []
  if (useless === undefined) return
  const checked = wanted ? "certificates are" : "certificates, logs and timestamps are"
  throw new ToolError("E_USAGE", {
    what: `${useless} cannot be used here`,
    why: `it says how ${checked} checked, and a key alone needs ${wanted ? "no certificate" : "none of them"}`,
    next: [
      `name whose certificates count with \`--identity\` and \`--issuer\`${wanted ? "" : ", or add `--log require`"}`,
      `or leave out \`${useless}\``,
    ],
  })
}

/** The trusted root as a file or the repository has it, with the authorities that files name in place of its own. */
async function readRoot(app: AppContext, choice: SigstoreChoice): Promise<TrustedRoot> {
  const root = await baseRoot(app, choice)
  const { caRoots, caIntermediates } = choice
  if (caRoots === undefined) {
    if (caIntermediates === undefined) return root
    throw new ToolError("E_USAGE", {
      what: "intermediate authorities without a root",
      why: "--ca-intermediates was given, --ca-roots was not",
      next: ["name the roots that they lead to: `--ca-roots FILE`"],
    })
  }
  const { authoritiesFromRoots } = await import("../envelopes/trusted-root/trust-files.ts")
  const read = (path: string): Promise<Uint8Array> => app.files.read(path, limits.pemBytes)
  const intermediates = caIntermediates === undefined ? undefined : await read(caIntermediates)
  return {
    ...root,
    certificateAuthorities: authoritiesFromRoots(await read(caRoots), intermediates, { what: caRoots }),
  }
}

async function baseRoot(app: AppContext, choice: SigstoreChoice): Promise<TrustedRoot> {
  if (choice.trustedRoot !== undefined) return readTrustedRoot(app.files, choice.trustedRoot)
  const { caRoots, sct, log, timestamps = 0 } = choice
  // A private authority alone, and nothing that the public instance has to do with.
  if (caRoots !== undefined && sct === "ignore" && log === "ignore" && timestamps === 0) return EMPTY
  const { trust } = app.sigstore
  const data = await reachTrust(trust, "trusted root", () => trust.trustedRoot({ offline: choice.offline }))
  await choice.onTrust?.(data)
  return data.value
}

const EMPTY: TrustedRoot = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] }

/**
 * A trusted root out of a file.
 *
 * @throws {ToolError} `E_FILE_NOT_FOUND`, `E_IO`, `E_TRUST_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export async function readTrustedRoot(files: Pick<Files, "read">, path: string): Promise<TrustedRoot> {
  const [bytes, { parseTrustedRoot }] = await Promise.all([
    files.read(path, limits.trustDocumentBytes),
    loadTrustedRoots(),
  ])
  if (lastRoot !== undefined && equalBytes(lastRoot.bytes, bytes)) return lastRoot.root
  // SECURITY: a copy of our own, so that what is compared later are the bytes that were read.
  const own = new Uint8Array(bytes)
  const root = parseTrustedRoot(own)
  lastRoot = { bytes: own, root }
  return root
}

const loadTrustedRoots = loadedOnce(() => import("../envelopes/trusted-root/trusted-root.ts"))

/** The file is read each time, what stands in it is decoded once: a program that verifies many signatures has one root. */
let lastRoot: { readonly bytes: Uint8Array; readonly root: TrustedRoot } | undefined

/** The first certificate of a file in PEM, DER, or base64 of either, as cosign writes it. */
async function readLeaf(files: Pick<Files, "read">, path: string): Promise<Uint8Array> {
  const [bytes, { parseCertificateFile }, { decodeBase64 }] = await Promise.all([
    files.read(path, limits.pemBytes),
    import("../crypto/x509/certificate-file.ts"),
    import("../codec/base64.ts"),
  ])
  const text = new TextDecoder("latin1").decode(bytes).trim()
  const coded = /^[A-Za-z0-9+/]+=*$/.test(text)
  const [leaf] = parseCertificateFile(coded ? decodeBase64(text, { max: limits.pemBytes, what: path }) : bytes)
  if (leaf !== undefined) return leaf.raw
  throw new ToolError("E_TRUST_MALFORMED", { what: `no certificate in ${path}`, details: { path } })
}
