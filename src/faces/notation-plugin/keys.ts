import {
  describeLentKey,
  type LendingApp,
  type LendRequest,
  readLendRequest,
  signWithLentKey,
} from "../../app/notation/plugins/own-plugin.ts"
import type { PasswordSource } from "../../app/world.ts"
import { goJson } from "../../codec/go-json.ts"
import type { JsonObject } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import type { CommandHandler } from "../command.ts"

/** `describe-key`. */
export const describeKey: CommandHandler = answering(describeLentKey)

/** `generate-signature`. */
export const generateSignature: CommandHandler = answering(signWithLentKey)

function answering(answer: (app: LendingApp, request: LendRequest) => Promise<JsonObject>): CommandHandler {
  return async ({ world }) => {
    const request = readLendRequest(await world.stdin.read(limits.attachmentBytes))
    const app = await world.open({
      artifacts: false,
      plainPrivateKeys: true,
      passwordSources: passwordSources(request),
      // Whoever started us reads stderr as the protocol's error object.
      logLevel: "quiet",
      progress: false,
    })
    await world.stdout.write(goJson(await answer(app, request)))
    return 0
  }
}

/** Never the terminal: it belongs to the program that started us. Never standard input: it holds the request. */
function passwordSources({ config }: LendRequest): readonly PasswordSource[] {
  const file = config["password-file"]
  if (file !== undefined) return [{ kind: "file", path: file }]
  return [
    { kind: "env", name: "COUNTERSIGN_PASSWORD" },
    { kind: "env", name: "COSIGN_PASSWORD" },
  ]
}
