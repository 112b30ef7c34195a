import type { AppContext } from "../../app/requests.ts"
import { asToolError } from "../../core/errors.ts"
import { cosignRepositoryName, manifestReference } from "../../core/reference-grammar.ts"
import { ask } from "./confirm.ts"
import { prefixed } from "./face-error.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"
import type { RegistryTarget } from "./targets.ts"

/** COMPAT(cosign 2.5, 3.1): to the letter, because people agree to it. */
const STATEMENT = `
	The sigstore service, hosted by sigstore a Series of LF Projects, LLC, is provided pursuant to the Hosted Project Tools Terms of Use, available at https://lfprojects.org/policies/hosted-project-tools-terms-of-use/.
	Note that if your submission includes personal data associated with this signed artifact, it will be part of an immutable record.
	This may include the email address associated with the account with which you authenticate your contractual Agreement.
	This information will be used for signing this artifact and will be stored in public transparency logs and cannot be removed later, and is subject to the Immutable Record notice at https://lfprojects.org/policies/hosted-project-tools-immutable-records/.

By typing 'y', you attest that (1) you are not submitting the personal data of any other person; and (2) you understand and agree to the statement and the Agreement terms at the URLs listed above.
`

/** What is said, and asked unless `--yes`, before something becomes public. */
export interface Consent {
  /** The statement, once per command; then the question. @throws {ToolError} `E_DECLINED`. */
  statement(): Promise<void>
  /**
   * Whether to log a signature; looks whether the image is private, then says the statement.
   *
   * @param target - absent for files.
   * @throws {ToolError} `E_DECLINED`.
   */
  log(target?: RegistryTarget): Promise<boolean>
}

/**
 * Consent of one command.
 *
 * @param context - words before the reason why nothing is logged.
 *
 * Spec: sigstore/cosign `cmd/cosign/cli/sign/privacy`, `ShouldUploadToTlog`.
 */
export function consentOf(invocation: FaceInvocation, context: string): Consent {
  const { flags, world } = invocation
  const sure = flags.bool("yes")
  let said = false
  const statement = async (): Promise<void> => {
    if (said) return
    said = true
    await world.stderr.write(STATEMENT)
    if (!sure) await ask(invocation)
  }
  return {
    statement,
    log: async (target) => {
      if (!flags.bool("tlog-upload")) return false
      if (target !== undefined) {
        if (!said || !sure) await found(await invocation.open(), target)
        if (!sure && !(await agreesAboutPrivate(invocation, target))) return false
      }
      try {
        await statement()
      } catch (thrown) {
        throw prefixed(context, thrown)
      }
      return true
    },
  }
}

/** What is not there is not asked about. */
async function found(app: AppContext, target: RegistryTarget): Promise<void> {
  await app.stores.content(target).resolve(manifestReference(target.reference))
}

/** Whether a signature may be logged although strangers cannot see what it is about. */
async function agreesAboutPrivate(invocation: FaceInvocation, target: RegistryTarget): Promise<boolean> {
  if (await isPublic(invocation, target)) return true
  const name = cosignRepositoryName(target.reference)
  const log = invocation.flags.string("rekor-url")
  await say(
    invocation,
    `WARNING: ${JSON.stringify(name)} appears to be a private repository, please confirm uploading to the transparency log at ${JSON.stringify(log)}`,
  )
  try {
    await ask(invocation)
    return true
  } catch (thrown) {
    asToolError(thrown)
    await say(invocation, "not uploading to transparency log")
    return false
  }
}

async function isPublic(invocation: FaceInvocation, target: RegistryTarget): Promise<boolean> {
  try {
    await found(await invocation.openAnonymous(), target)
    return true
  } catch {
    return false
  }
}
