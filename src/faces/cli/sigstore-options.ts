import type { AppContext, SigstoreTrustRequest } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import type { FlagValues } from "../command.ts"
import type { Session } from "./session.ts"
import { tellAge } from "./tell-age.ts"

/** Flags of Sigstore's part of a question, besides `--identity`. */
const SIGSTORE_FLAGS = [
  "issuer",
  "log",
  "log-threshold",
  "rekor-url",
  "timestamps",
  "sct",
  "trusted-root",
  "ca-roots",
  "ca-intermediates",
  "certificate",
] as const

/** Values of `--identity` by who judges them: notation's trust stores, or Sigstore's trusted root. */
export interface NamedIdentities {
  readonly notation: readonly string[]
  readonly keyless: readonly string[]
}

/**
 * Tell the identities apart: by their kind, and those without kind by what stands beside them.
 *
 * @throws {ToolError} `E_USAGE` for a name that may be of either family.
 */
export function namedIdentities(flags: FlagValues): NamedIdentities {
  const notation: string[] = []
  const keyless: string[] = []
  for (const text of flags.strings("identity")) {
    if (KEYLESS.test(text) || (flags.given("issuer") && !NOTATION.test(text))) keyless.push(text)
    else if (NOTATION.test(text) || flags.given("trust-store")) notation.push(text)
    else throw ofNoFamily(text)
  }
  return { notation, keyless }
}

const KEYLESS = /^(?:(?:email|uri|san|re2|github|gitlab):|spiffe:\/\/)/
const NOTATION = /^(?:x509\.|arn:|\*$)/

function ofNoFamily(text: string): ToolError {
  const shown = text.slice(0, 200)
  if (text === "") {
    return new ToolError("E_USAGE", {
      what: "an empty identity",
      why: "--identity was given without a value, perhaps from a variable that is not set",
      next: ["check the variable, or name the signer"],
    })
  }
  return new ToolError("E_USAGE", {
    what: `nothing says who vouches for the identity ${JSON.stringify(shown)}`,
    why: "expected --issuer with the URL that issued its token, or --trust-store with the authorities of its certificate",
    next: [
      `name the issuer: \`--identity ${shellWord(shown)} --issuer https://accounts.google.com\``,
      'or the trust store: `--trust-store ca:NAME --identity "x509.subject: C=US, ST=WA, O=acme"`',
    ],
  })
}

/** A word that a shell reads as it stands. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Whether somebody is named whom Sigstore's certificates prove; an issuer alone is refused later. */
export function namesIdentities(flags: FlagValues, { keyless }: NamedIdentities): boolean {
  return keyless.length > 0 || flags.given("issuer")
}

/** Whether anything of Sigstore is asked. */
function asksSigstore(flags: FlagValues, { keyless }: NamedIdentities): boolean {
  return keyless.length > 0 || SIGSTORE_FLAGS.some((name) => flags.given(name))
}

/**
 * Sigstore's part of a question, from its flags. Code for it is loaded when there is one.
 *
 * @param keys - whether keys are named too.
 * @throws {ToolError} `E_USAGE`.
 */
export async function sigstoreOptions(
  session: Session,
  app: AppContext,
  identities: NamedIdentities,
  keys: boolean,
): Promise<SigstoreTrustRequest> {
  const { flags, output } = session
  if (!asksSigstore(flags, identities)) return {}
  const { sigstoreRequest } = await import("../../app/sigstore-request.ts")
  const text = (name: string): string | undefined => {
    if (!flags.given(name)) return undefined
    const value = flags.string(name)
    if (value !== "") return value
    throw new ToolError("E_USAGE", {
      what: `--${name} is empty`,
      why: "it was given without a value, perhaps from a variable that is not set",
      next: ["check the variable, or leave the flag out"],
    })
  }
  const { request, warnings } = await sigstoreRequest(app, {
    identities: identities.keyless,
    keys,
    offline: flags.bool("offline"),
    ...defined({ issuer: text("issuer"), trustedRoot: text("trusted-root") }),
    ...defined({ caRoots: text("ca-roots"), caIntermediates: text("ca-intermediates") }),
    ...defined({ certificate: text("certificate") }),
    ...defined({ log: choice(flags, "log"), sct: choice(flags, "sct") }),
    ...(flags.given("log-threshold") ? { logThreshold: flags.int("log-threshold") } : {}),
    ...(flags.given("timestamps") ? { timestamps: flags.int("timestamps") } : {}),
    logUrls: flags.strings("rekor-url"),
    onTrust: (data) => tellAge(data, "trusted root", session),
  })
  for (const warning of warnings) await output.note(`warning: ${warning}`)
  return request
}

/** @throws {ToolError} `E_USAGE`. */
function choice(flags: FlagValues, name: "log" | "sct"): "require" | "ignore" | undefined {
  if (!flags.given(name)) return undefined
  const value = flags.string(name)
  if (value === "require" || value === "ignore") return value
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(value.slice(0, 200))} for --${name}`,
    why: "expected require or ignore",
  })
}

/** Members that are there. */
function defined<T extends object>(members: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Name in keyof T]?: NonNullable<T[Name]> }
}
