import type { AppContext } from "../../app/requests.ts"
import type { SigningChoice } from "../../app/sigstore/signing-choice.ts"
import type { SigstorePlan, SigstoreSigning } from "../../app/sigstore/signing.ts"
import { checkTimestampUrl } from "../../app/timestamp-url.ts"
import { ToolError } from "../../core/errors.ts"
import type { TokenOrder } from "../../core/sigstore-ports.ts"
import type { FlagValues } from "../command.ts"
import { documentOf } from "./documents.ts"
import { planLines, planMembers } from "./render/plan.ts"
import { tellAge } from "./tell-age.ts"
import { KEYLESS_FLAGS } from "./tables/keyless-flags.ts"
import { refuseFlags, type Session } from "./session.ts"

/** Thrown when the plan was what the user wanted to see; nothing was signed. */
class PreviewShown extends Error {
  override readonly name = "PreviewShown"
}

/**
 * Run a signing; one that ends with the plan shown is done.
 *
 * @returns the exit code.
 */
export async function unlessPreviewed(work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof PreviewShown) return 0
    throw thrown
  }
}

/** Whether a command signs for an identity. */
export function isKeyless(flags: FlagValues): boolean {
  return flags.bool("keyless")
}

/**
 * A certificate, log entry or timestamp that nothing holds would be lost.
 *
 * @param instead - flag of the output that holds none.
 * @throws {ToolError} `E_USAGE`.
 */
export function requireBundle(flags: FlagValues, instead: string): void {
  const used = ["keyless", "log", "timestamp-url", "cert-chain"].find((name) => flags.given(name))
  if (used === undefined || flags.string("bundle") !== "") return
  throw new ToolError("E_USAGE", {
    what: `--${instead} cannot hold what --${used} gives`,
    why: "certificate, log entry and timestamp lie in a bundle",
    next: ["add `--bundle FILE`"],
  })
}

/** Flags that say nothing where neither identity nor log takes part. */
const DEPENDENT = KEYLESS_FLAGS.map(({ name }) => name).filter((name) => !["keyless", "log", "no-log"].includes(name))
const TOKEN_FLAGS = [
  "identity-token",
  "oidc-provider",
  "oidc-flow",
  "oidc-issuer",
  "oidc-client-id",
  "oidc-client-secret-file",
  "oidc-redirect-url",
  "signing-algorithm",
  "fulcio-url",
]

/**
 * What Sigstore's services have to do with a signing, from the flags.
 *
 * @param ownTimestamp - `--timestamp-url` belongs to another format.
 * @throws {ToolError} `E_USAGE` for flags that contradict each other or say nothing; as {@link signingOf}.
 */
export async function sigstoreSigning(
  session: Session,
  app: AppContext,
  ownTimestamp: boolean,
): Promise<{ readonly sigstore?: SigstoreSigning }> {
  const { flags } = session
  const keyless = isKeyless(flags)
  const log = wantsLog(flags, keyless)
  const url = ownTimestamp ? "" : flags.string("timestamp-url")
  if (url !== "") checkTimestampUrl(url)
  if (!keyless && !log) {
    const useless = url === "" ? DEPENDENT : DEPENDENT.filter((name) => name !== "trusted-root")
    refuseFlags(flags, useless, "neither an identity nor a log takes part", "add `--keyless` or `--log`")
  }
  if (!keyless) refuseFlags(flags, TOKEN_FLAGS, "it is about identities", "add `--keyless`")
  if (flags.string("fulcio-url") === "") refuseFlags(flags, ["fulcio-version"], "it is of --fulcio-url")
  if (flags.string("rekor-url") === "") refuseFlags(flags, ["rekor-version"], "it is of --rekor-url")
  if (!log) refuseFlags(flags, ["rekor-url"], "no log takes part")
  if (!keyless && !log && url === "") return {}
  const { signingOf } = await import("../../app/sigstore/signing-choice.ts")
  const signing = await signingOf(app, choiceOf(session, { keyless, log, url }))
  if (signing === undefined) return {}
  // A timestamp alone shows nobody anything but a hash.
  const publishes = signing.keyless !== undefined || signing.logs.length > 0
  if (publishes && signing.trustedRoot === undefined) await session.output.note(UNCHECKED)
  return { sigstore: { ...signing, ...(publishes ? { confirm: (plan) => confirmPlan(session, app, plan) } : {}) } }
}

const UNCHECKED =
  "warning: without --trusted-root, certificates, log entries and timestamps of the services named are checked for form and content, not for who signed them"

function wantsLog(flags: FlagValues, keyless: boolean): boolean {
  if (!flags.bool("no-log")) return keyless || flags.bool("log")
  if (flags.bool("log")) {
    throw new ToolError("E_USAGE", { what: "--log and --no-log at once", next: ["leave out one of them"] })
  }
  if (!keyless) refuseFlags(flags, ["no-log"], "signatures of keys are logged with `--log` alone")
  return false
}

function choiceOf(
  session: Session,
  { keyless, log, url }: { readonly keyless: boolean; readonly log: boolean; readonly url: string },
): SigningChoice {
  const { flags } = session
  let told = false
  const texts = {
    signingConfig: flags.string("signing-config"),
    trustedRoot: flags.string("trusted-root"),
    authorityUrl: flags.string("fulcio-url"),
    logUrl: flags.string("rekor-url"),
    algorithm: flags.string("signing-algorithm"),
  }
  return {
    keyless,
    log,
    ...given(texts),
    authorityVersion: flags.int("fulcio-version"),
    logVersion: flags.int("rekor-version"),
    timestampUrls: url === "" ? [] : [url],
    token: {
      ...given({
        given: flags.string("identity-token"),
        provider: flags.string("oidc-provider"),
        issuer: flags.string("oidc-issuer"),
        clientId: flags.string("oidc-client-id"),
        clientSecretFile: flags.string("oidc-client-secret-file"),
        redirectUrl: flags.string("oidc-redirect-url"),
      }),
      ...flowOf(flags.string("oidc-flow")),
    },
    offline: flags.bool("offline"),
    onTrust: async (data) => {
      // Signing config and trusted root are of one repository.
      if (!told) await tellAge(data, "trust data", session)
      told = true
    },
  }
}

function flowOf(text: string): Pick<TokenOrder, "flow"> {
  if (text === "") return {}
  if (text === "normal" || text === "device" || text === "token" || text === "client_credentials") return { flow: text }
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(text)} for --oidc-flow`,
    why: "expected normal, device, token or client_credentials",
  })
}

/** Members whose text is not empty. */
function given<Names extends string>(texts: Readonly<Record<Names, string>>): Partial<Record<Names, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== "")) as Partial<Record<Names, string>>
}

/**
 * Show what becomes public and ask, unless `--yes` was given.
 *
 * @throws {PreviewShown} with `--preview`.
 * @throws {ToolError} `E_KEY_NO_TERMINAL` when nobody can be asked, `E_DECLINED`.
 */
async function confirmPlan({ flags, output, world }: Session, app: AppContext, plan: SigstorePlan): Promise<void> {
  if (flags.bool("preview")) {
    const text = (): string => `${planLines(plan, output.width).join("\n")}\n`
    await output.answer(documentOf("SigningPlan", planMembers(plan)), text, "requested")
    throw new PreviewShown()
  }
  if (flags.bool("yes")) {
    for (const line of planLines(plan, output.width)) await output.note(line)
    return
  }
  await world.stderr.write(`${planLines(plan, output.width).join("\n")}\n`)
  if (!app.prompter.interactive) {
    throw new ToolError("E_KEY_NO_TERMINAL", {
      what: "a confirmation is needed and there is no terminal",
      why: "--yes was not given; nothing was signed and nothing became public",
      next: ["check what is shown above, then run the command again with `--yes`"],
    })
  }
  if (await app.prompter.confirm("sign, and make this public?")) return
  throw new ToolError("E_DECLINED", {
    what: "nothing was signed and nothing became public",
    why: "the question was declined",
  })
}
