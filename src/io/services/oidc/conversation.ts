import type { Prompter } from "../../../core/ports.ts"
import type { LoginConversation } from "../../../core/sigstore-ports.ts"
import { noToken } from "./oidc-errors.ts"

/**
 * This program's own words for a login.
 *
 * @param say - writes text to standard error, as it is.
 */
export function createConversation(
  say: (text: string) => Promise<void>,
  prompter: Pick<Prompter, "interactive" | "text">,
): LoginConversation {
  return {
    deviceChosen: () => say("No terminal: log in on another device.\n"),
    browserOpened: (url) => say(`Log in with the browser window that opens. If none does, open this page:\n  ${url}\n`),
    browserFailed: (reason, detail) =>
      say(reason === "timeout" ? "Nothing came back from the browser.\n" : `No browser could be opened: ${detail}\n`),
    outOfBand: async (url) => {
      if (!prompter.interactive) {
        throw noToken("nobody can log in here", "no browser brought an answer, and there is no terminal to ask on", [
          "set SIGSTORE_ID_TOKEN or give a token with `--identity-token`",
          "or log in on another device with `--oidc-flow device`",
        ])
      }
      await say(`Open this page in a browser and log in:\n  ${url}\n`)
      return prompter.text("Verification code shown there: ")
    },
    deviceCode: ({ userCode, url, expiresIn }) =>
      say(
        `Open this page in a browser and enter the code ${userCode}:\n  ${url}\nThe code is valid for ${expiresIn} s.\n`,
      ),
    received: () => say("Identity token received.\n"),
  }
}
