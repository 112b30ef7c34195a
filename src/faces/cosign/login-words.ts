import type { LoginConversation } from "../../core/sigstore-ports.ts"
import type { Consent } from "./consent.ts"
import type { FaceInvocation } from "./face-invocation.ts"

/**
 * cosign's words for a login.
 *
 * @param begin - called before each of them.
 *
 * Spec: sigstore/sigstore `pkg/oauthflow`, sigstore/cosign `internal/auth`.
 */
export function loginWords(
  invocation: FaceInvocation,
  consent: Consent,
  begin: () => Promise<void>,
): LoginConversation {
  const { stderr, stdout } = invocation.world
  const warn = async (text: string): Promise<void> => {
    await begin()
    await stderr.write(text)
  }
  const tell = async (text: string): Promise<void> => {
    await begin()
    await stdout.write(text)
  }
  return {
    deviceChosen: () => warn("Non-interactive mode detected, using device flow.\n"),
    browserChosen: async () => {
      await begin()
      await consent.statement()
    },
    browserOpened: (url) => warn(`Your browser will now be opened to:\n${url}\n`),
    browserFailed: (reason, detail) =>
      warn(
        reason === "timeout"
          ? `error getting code from local server: ${detail}\n`
          : `error opening browser: ${detail}\n`,
      ),
    outOfBand: async (url) => {
      await warn(`Go to the following link in a browser:\n\n\t ${url}\nEnter verification code: `)
      const code = await enteredCode(invocation)
      await stderr.write("\n")
      return code
    },
    deviceCode: ({ userCode, url, expiresIn }) =>
      tell(
        `Enter the verification code ${userCode} in your browser at: ${url}\nCode will be valid for ${expiresIn} seconds\n`,
      ),
    received: () => tell("Token received!\n"),
  }
}

async function enteredCode(invocation: FaceInvocation): Promise<string> {
  const { stdin } = invocation.world
  if (stdin.isTTY) return (await invocation.open()).prompter.text("")
  const text = new TextDecoder().decode(await stdin.read(64 * 1024))
  return text.trim().split(/\s/, 1)[0] ?? ""
}
