import type { CommandSpec } from "../../command.ts"
import { KEY_FLAG, PASSWORD_FILE_FLAG } from "./flags.ts"

const selfSign: CommandSpec = {
  path: ["cert", "self-sign"],
  summary: "make a certificate for a key, signed by the key itself",
  description:
    "Writes a certificate that may sign code, for tests and for signers whom every reader knows: nobody vouches for it, so\n" +
    "each reader must put this very certificate into a trust store. It is valid for a year unless --lifetime says otherwise.\n" +
    "For more signers, have a certificate authority issue them.",
  examples: [
    {
      about: "a certificate for an existing key, valid for a month",
      line: 'countersign cert self-sign --key release.key --subject "C=US, ST=WA, O=acme, CN=release" --lifetime 720h --cert release.pem',
    },
  ],
  flags: [
    KEY_FLAG,
    PASSWORD_FILE_FLAG,
    {
      name: "subject",
      type: "string",
      usage: 'name of the holder, such as "C=US, ST=WA, O=acme, CN=release"; trust policies want C, ST and O',
      placeholder: "NAME",
    },
    {
      name: "lifetime",
      type: "duration",
      default: "8760h0m0s",
      usage: "how long it is valid from now on, such as 720h",
      placeholder: "DURATION",
    },
    { name: "cert", type: "string", usage: "file to write, - for standard output", placeholder: "FILE" },
    { name: "overwrite", type: "bool", usage: "replace the file if it is there" },
  ],
  args: { min: 0, max: 0, usage: "" },
  load: async () => (await import("../commands/cert-self-sign.ts")).certSelfSign,
}

/** `cert …`. */
export const certificateCommands: readonly CommandSpec[] = [selfSign]
