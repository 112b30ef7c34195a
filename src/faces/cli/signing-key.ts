import { needsCertificate } from "../../app/format-facts.ts"
import { certifiedKey } from "../../app/notation/chain-file.ts"
import { openSigner } from "../../app/notation/open-signer.ts"
import { localSigner, type EnvelopeSigner, type NotationSigner } from "../../app/notation/signer.ts"
import type { AppContext, FormatName, SignRequest } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import { isKeyless } from "./keyless-signing.ts"
import { NOTATION_KEY } from "./notation-key.ts"
import { refuseFlags, requiredFlag, type Session } from "./session.ts"
import { parseAnnotations } from "./values.ts"
import { warnOfCertificateEnd } from "./warn-certificate-end.ts"

/** `--key` of a command that signs. @throws {ToolError} `E_USAGE` when it is missing. */
export function signingKeyName(session: Session): string {
  return requiredFlag(
    session.flags,
    "key",
    "no key to sign with",
    "make one with `countersign keys generate` and pass `--key countersign.key`, or sign for an identity with `--keyless`",
  )
}

/** Flags that only somebody who signs for an identity gives. */
const IDENTITY_FLAGS = ["identity-token", "oidc-provider", "oidc-flow", "oidc-issuer", "fulcio-url"]

/**
 * `--key` of a command that signs for identities, too.
 *
 * @returns empty where an identity alone signs.
 * @throws {ToolError} `E_USAGE` when nothing signs.
 */
export function signerName(session: Session): string {
  const { flags } = session
  if (isKeyless(flags)) return flags.string("key")
  const named = IDENTITY_FLAGS.find((name) => flags.given(name))
  if (named === undefined || flags.string("key") !== "") return signingKeyName(session)
  throw new ToolError("E_USAGE", {
    what: "no key to sign with",
    why: `--${named} is about an identity, and --keyless was not given`,
    next: ["to sign for an identity, add `--keyless`", `or leave out \`--${named}\` and give a key with \`--key\``],
  })
}

/** What signs in each kind of format. */
type Signers = Pick<SignRequest, "key" | "certified">

/**
 * Open the key of `--key` for the formats asked for, with the chain of `--cert-chain` where one is needed. In formats that
 * need none, {@link withCertificates} puts it in.
 *
 * @param purpose - of plugin keys.
 * @throws {ToolError} `E_USAGE` for flags that do not go together; what opening the key throws.
 */
export async function openSigners(
  session: Session,
  app: AppContext,
  formats: readonly FormatName[],
  purpose: "artifact" | "blob",
): Promise<Signers> {
  const { flags } = session
  if (isKeyless(flags) && flags.string("key") === "") {
    refuseFlags(flags, ["cert-chain", "plugin-config"], "--keyless without a key gets a certificate of its own")
    return {}
  }
  const name = signingKeyName(session)
  if (!formats.some(needsCertificate)) {
    const why = `no plugin makes signatures of ${formats.join(" and ")}`
    refuseFlags(flags, ["plugin-config"], why, "add `--format notation`")
  }
  const certified = formats.some(needsCertificate) ? await certifiedSigner(session, app, name, purpose) : undefined
  if (certified !== undefined && flags.given("expires")) await warnOfCertificateEnd(session, certified, app.clock.now())
  const keyed = formats.some((format) => !needsCertificate(format))
  if (keyed && name.startsWith(NOTATION_KEY)) throw notationKeyElsewhere(name, formats)
  return {
    ...(keyed ? { key: await app.keys.signingKey(name) } : {}),
    ...(certified === undefined ? {} : { certified }),
  }
}

async function certifiedSigner(
  { flags }: Session,
  app: AppContext,
  name: string,
  purpose: "artifact" | "blob",
): Promise<NotationSigner | EnvelopeSigner> {
  const chain = flags.string("cert-chain")
  if (name.startsWith(NOTATION_KEY)) {
    refuseFlags(flags, ["cert-chain"], "a key of notation's configuration brings its own certificates")
    return openSigner(app.notation, {
      key: name.slice(NOTATION_KEY.length),
      pluginConfig: parseAnnotations(flags.strings("plugin-config")),
      purpose,
      timestamp: flags.string("timestamp-url") !== "",
    })
  }
  refuseFlags(flags, ["plugin-config"], `the key ${name} is no plugin's`)
  if (chain === "") {
    throw new ToolError("E_USAGE", {
      what: "a notation signature needs the key's certificate chain",
      why: "expected --cert-chain, or a key of notation's configuration",
      next: [
        "name the chain, leaf first and root last: `--cert-chain chain.pem`",
        "or sign with a key that notation knows: `--key notation:NAME`",
      ],
    })
  }
  return localSigner(await certifiedKey(app.files, await app.keys.signingKey(name), chain))
}

function notationKeyElsewhere(name: string, formats: readonly FormatName[]): ToolError {
  const others = formats.filter((format) => !needsCertificate(format)).join(" and ")
  return new ToolError("E_USAGE", {
    what: `${name} signs in the notation formats alone`,
    why: `${others} was asked for too`,
    next: ["name the key file itself with `--key FILE --cert-chain FILE`", "or sign in two runs"],
  })
}
