import type { AppContext, NamedKey, VerifyRequest } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import type { FlagValues } from "../command.ts"
import { certificateQuestion, certificateRequest } from "./certificate-options.ts"
import { refuseNotationKey } from "./notation-key.ts"
import { refuseFlags, type Session } from "./session.ts"
import { namedIdentities, namesIdentities, sigstoreOptions } from "./sigstore-options.ts"
import { readTargets } from "./targets.ts"
import { parseAnnotations, parseFormats } from "./values.ts"
import { resolvePredicateType } from "../../app/predicate-types.ts"

/**
 * What `verify` and `explain` ask, from their flags.
 *
 * @param everything - read every place even when the answer is clear.
 * @throws {ToolError} `E_TRUST_MISSING` without a key, `E_USAGE`, `E_REF_INVALID`, `E_KEY_NOT_FOUND`, `E_KEY_TYPE`.
 */
export async function question(
  session: Session,
  everything: boolean,
): Promise<{ readonly app: AppContext; readonly request: VerifyRequest }> {
  const { flags, args, world } = session
  const identities = namedIdentities(flags)
  const certificates = certificateQuestion(flags, identities.notation)
  const names = keyNames(flags, certificates !== undefined || namesIdentities(flags, identities))
  const formats = parseFormats(flags.strings("format"))
  const annotations = parseAnnotations(flags.strings("annotation"))
  const attestation = attestationType(flags)
  const targets = await readTargets(args, flags.string("from-file"), await session.files(), world.stdin)
  const app = await session.open(targets)
  const sigstore = await sigstoreOptions(session, app, identities, names.length > 0)
  const repository = flags.string("signature-repository")
  return {
    app,
    request: {
      targets,
      kind: attestation === undefined ? "signature" : "attestation",
      keys: await readKeys(app, names),
      ...sigstore,
      ...(await certificateRequest(certificates, app, flags)),
      formats,
      annotations,
      checkClaims: true,
      recursive: flags.bool("recursive"),
      everything,
      at: app.clock.now(),
      ...(attestation === undefined ? {} : { predicateType: attestation }),
      ...(repository === "" ? {} : { signatureRepository: repository }),
    },
  }
}

/** Evidence is named for files alone. @throws {ToolError} `E_USAGE`. */
export function refuseFileFlags(flags: FlagValues): void {
  const why = "they belong to `--blob FILE`; signatures of artifacts are found by themselves"
  refuseFlags(flags, ["bundle", "signature", "envelope", "media-type", "certificate"], why)
}

/**
 * Keys named with `--key`, each once.
 *
 * @param otherwise - something else is trusted, so that no key need be named.
 * @throws {ToolError} `E_TRUST_MISSING` for none, `E_USAGE` for an empty name.
 */
export function keyNames(flags: FlagValues, otherwise: boolean): readonly string[] {
  const names = [...new Set(flags.strings("key"))]
  if (names.length === 0 && !otherwise) {
    throw new ToolError("E_TRUST_MISSING", {
      what: "nothing was named that could be trusted",
      why: "expected at least one public key, identity or trust store, got none",
      next: [
        "name whose signatures count: `--key cosign.pub`",
        "or whose identity: `--identity alice@example.com --issuer https://accounts.google.com`",
        'or whose certificates: `--trust-store ca:NAME --identity "x509.subject: C=…, ST=…, O=…"`',
      ],
    })
  }
  if (!names.includes("")) return names
  throw new ToolError("E_USAGE", {
    what: "an empty key name",
    why: "--key was given without a value, perhaps from a variable that is not set",
    next: ["check the variable, or name the file"],
  })
}

/** Read the public keys. */
export async function readKeys(app: AppContext, names: readonly string[]): Promise<readonly NamedKey[]> {
  names.forEach(refuseNotationKey)
  return Promise.all(names.map(async (name) => ({ name, key: await app.keys.publicKey(name) })))
}

/** Predicate type asked for with `--attestation`, as its URI. @throws {ToolError} `E_USAGE` when empty or unknown. */
export function attestationType(flags: FlagValues): string | undefined {
  if (!flags.given("attestation")) return undefined
  const type = flags.string("attestation")
  if (type !== "") return resolvePredicateType(type)
  throw new ToolError("E_USAGE", {
    what: "an empty predicate type",
    why: "--attestation was given without a value",
    next: ["name the type, such as `--attestation spdxjson`"],
  })
}
