import type { TrustFile, TrustPieces } from "../../app/sigstore/individual-trust.ts"
import type { AppContext, NamedKey, SigstoreTrustRequest } from "../../app/requests.ts"
import { asToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { TrustedRoot, WitnessRule } from "../../core/sigstore.ts"
import type { CauseContext } from "./causes.ts"
import { faceError, prefixed } from "./face-error.ts"
import type { FaceInvocation } from "./face-invocation.ts"
import { readFile } from "./files.ts"
import { identityOfFlags } from "./identity-flags.ts"
import { keysToVerifyWith } from "./verify-options.ts"

/** Who counts, what must vouch, and what is trusted of Sigstore's services. */
export interface FaceTrust {
  readonly keys: readonly NamedKey[]
  readonly request: SigstoreTrustRequest
  /** Whether log entries are verified. */
  readonly log: boolean
  /** No log is asked for an entry. */
  readonly offline: boolean
  /** Trust is that of a trusted root, and not of files for each part of it. */
  readonly trustedRoot: boolean
}

/** What decides about the words of a failure. */
export function causeContext({ keys, offline, trustedRoot }: FaceTrust): CauseContext {
  const keyType = keys[0]?.key.type
  return { offline, trustedRoot, ...(keyType === undefined ? {} : { keyType }) }
}

const NOTHING: TrustedRoot = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] }

/** Variables that name a file each. Spec: sigstore/cosign `pkg/cosign/env/env.go`. */
const VARIABLES = {
  authorities: "SIGSTORE_ROOT_FILE",
  logKey: "SIGSTORE_REKOR_PUBLIC_KEY",
  ctLogKey: "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE",
  timestampChain: "SIGSTORE_TSA_CERTIFICATE_FILE",
} as const

/**
 * Everything that flags and variables say about whom and what to trust, {@link givenSct} aside.
 *
 * Trust is `--trusted-root`; without it the files that other flags and variables name, and for what they leave open the
 * trusted root of the TUF repository. A key alone, with the log switched off and no timestamps wanted, asks for nothing.
 *
 * @throws {ToolError} in cosign's words for files that cannot be read.
 */
export async function trustOf(invocation: FaceInvocation, app: AppContext): Promise<FaceTrust> {
  const { flags } = invocation
  const trustedRoot = await trustLoader(invocation, app)
  const keys = await keysToVerifyWith(invocation, app)
  const log = !skipsLog(invocation)
  const stamps = wantsTimestamps(invocation)
  const url = flags.string("rekor-url")
  const offline = flags.bool("offline") || url === ""
  const witnesses: WitnessRule = {
    logs: log ? 1 : 0,
    timestamps: stamps ? 1 : 0,
    // COMPAT(cosign 2.5, 3.1): where nothing is asked to vouch for a time, timestamps are not looked at.
    ...(stamps ? { times: "timestamps" } : log ? {} : { times: "verification" }),
    ...(log && !offline ? { online: true } : {}),
  }
  const certificate = await givenCertificate(invocation, app)
  return {
    keys,
    log,
    offline,
    trustedRoot: invocation.generation.signingConfig && !hasPieces(invocation),
    request: {
      trustedRoot,
      witnesses,
      ...(keys.length > 0
        ? {}
        : {
            keyless: {
              identities: [await identityOfFlags(flags)],
              sct: flags.bool("insecure-ignore-sct") ? "ignore" : "require",
              witnesses,
            },
          }),
      ...(log && !offline ? { logUrls: [url] } : {}),
      ...(certificate === undefined ? {} : { certificate }),
    },
  }
}

/** Whether the log was switched off. */
function skipsLog({ flags }: FaceInvocation): boolean {
  return flags.bool("insecure-ignore-tlog") || flags.bool("private-infrastructure")
}

/** Whether a timestamp is demanded. */
export function wantsTimestamps({ flags }: FaceInvocation): boolean {
  return flags.bool("use-signed-timestamps") || flags.string("timestamp-certificate-chain") !== ""
}

async function trustLoader(invocation: FaceInvocation, app: AppContext): Promise<() => Promise<TrustedRoot>> {
  const path = invocation.flags.string("trusted-root")
  if (path === "") return () => piecewise(invocation, app)
  // A wrong file is noticed even where nothing of it is needed.
  const root = await readRoot(invocation, app, path)
  return () => Promise.resolve(root)
}

async function readRoot(invocation: FaceInvocation, app: AppContext, path: string): Promise<TrustedRoot> {
  try {
    const { readTrustedRoot } = await import("../../app/sigstore-request.ts")
    return await readTrustedRoot(app.files, path)
  } catch (thrown) {
    const error = asToolError(thrown)
    const words = `${invocation.generation.trustContext}loading trusted root: `
    const type = /unsupported TrustedRoot media type: "([^"]*)"/.exec(error.message)?.[1]
    if (type !== undefined) {
      throw faceError(`${words}unsupported TrustedRoot media type: ${type}`, { code: error.code })
    }
    if (error.code !== "E_FILE_NOT_FOUND") throw prefixed(words, error)
    throw faceError(`${words}failed to read trusted root open ${path}: no such file or directory`, { code: error.code })
  }
}

/** What files name, and the TUF repository's for the rest that is needed. */
async function piecewise(invocation: FaceInvocation, app: AppContext): Promise<TrustedRoot> {
  const { flags, generation } = invocation
  const keyless = flags.string("key") === ""
  const pieces = await piecesOf(invocation, app)
  const open =
    (!skipsLog(invocation) && pieces.logKey === undefined) ||
    (wantsTimestamps(invocation) && pieces.timestampChain === undefined) ||
    (keyless && !hasAuthorities(pieces)) ||
    (keyless && !flags.bool("insecure-ignore-sct") && pieces.ctLogKey === undefined)
  try {
    const rest = open ? (await app.sigstore.trust.trustedRoot({ offline: flags.bool("offline") })).value : NOTHING
    const { individualTrust } = await import("../../app/sigstore/individual-trust.ts")
    return individualTrust(pieces, rest)
  } catch (thrown) {
    throw prefixed(open ? `${generation.trustContext}getting trusted root from TUF: ` : generation.trustContext, thrown)
  }
}

function hasPieces({ flags, world }: FaceInvocation): boolean {
  const given = ["certificate-chain", "ca-roots", "ca-intermediates", "timestamp-certificate-chain"]
  if (flags.string("trusted-root") !== "") return false
  return (
    given.some((name) => flags.string(name) !== "") ||
    Object.values(VARIABLES).some((name) => (world.env[name] ?? "") !== "")
  )
}

function hasAuthorities({ certificateChain, caRoots, authorities }: TrustPieces): boolean {
  return certificateChain !== undefined || caRoots !== undefined || authorities !== undefined
}

/** COMPAT(cosign 2.5, 3.1): authorities of flags go before variables, timestamp chains of variables before flags. */
async function piecesOf(invocation: FaceInvocation, app: AppContext): Promise<TrustPieces> {
  const { flags, world } = invocation
  const variable = (name: keyof typeof VARIABLES): string => world.env[VARIABLES[name]] ?? ""
  const keyless = flags.string("key") === ""
  const paths: Record<keyof TrustPieces, string> = {
    certificateChain: keyless ? flags.string("certificate-chain") : "",
    caRoots: keyless ? flags.string("ca-roots") : "",
    caIntermediates: keyless ? flags.string("ca-intermediates") : "",
    authorities: keyless ? variable("authorities") : "",
    logKey: skipsLog(invocation) ? "" : variable("logKey"),
    ctLogKey: keyless && !flags.bool("insecure-ignore-sct") ? variable("ctLogKey") : "",
    timestampChain: variable("timestampChain") || flags.string("timestamp-certificate-chain"),
  }
  const read = Object.entries(paths).map(async ([name, path]): Promise<[string, TrustFile][]> =>
    path === "" ? [] : [[name, await readTrustFile(invocation, app, path)]],
  )
  return Object.fromEntries((await Promise.all(read)).flat())
}

async function readTrustFile({ generation }: FaceInvocation, app: AppContext, path: string): Promise<TrustFile> {
  try {
    return { name: path, bytes: await readFile(app, path, limits.pemBytes) }
  } catch (thrown) {
    throw prefixed(generation.trustContext, thrown)
  }
}

async function givenCertificate(
  { flags, generation }: FaceInvocation,
  app: AppContext,
): Promise<Uint8Array | undefined> {
  const path = flags.string("certificate")
  if (path === "") return undefined
  try {
    const file = { name: path, bytes: await readFile(app, path, limits.pemBytes) }
    const { certificateOf } = await import("../../app/sigstore/individual-trust.ts")
    return certificateOf(file)
  } catch (thrown) {
    throw prefixed(`${generation.verifierContext}loading cert: `, thrown)
  }
}

/** The answer of a CT log that `--sct` names. */
export async function givenSct(
  { flags }: FaceInvocation,
  app: AppContext,
): Promise<Pick<SigstoreTrustRequest, "detachedSct">> {
  const path = flags.string("sct")
  if (path === "") return {}
  try {
    return { detachedSct: await readFile(app, path, limits.pemBytes) }
  } catch (thrown) {
    const error = asToolError(thrown)
    throw error.code === "E_FILE_NOT_FOUND"
      ? faceError(`reading sct from file: open ${path}: no such file or directory`, { code: error.code })
      : prefixed("reading sct from file: ", thrown)
  }
}
