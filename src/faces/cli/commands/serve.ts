import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { refuseConnectionFlags } from "../refuse-connection.ts"
import { command } from "../session.ts"

/** `serve`: a registry until the process is asked to stop. */
export const serve: CommandHandler = command(async ({ flags, world, output }) => {
  refuseConnectionFlags(flags, ["timeout"])
  const data = flags.string("data")
  const server = await world.serveRegistry({
    listen: flags.string("listen"),
    durability: flags.string("durability") === "fast" ? "fast" : "full",
    allowDelete: flags.bool("allow-delete"),
    sparseIndexes: flags.bool("sparse-indexes"),
    logFormat: flags.string("log-format") === "json" ? "json" : "text",
    logLevel: flags.bool("debug") ? "debug" : flags.bool("quiet") ? "quiet" : "info",
    ...(data === "" ? {} : { data }),
  })
  try {
    const document = documentOf("Server", { address: server.address, data: data === "" ? null : data })
    await output.answer(document, () => `registry on http://${server.address}\n`, "requested")
    if (data === "") await output.note("the data is temporary; keep it with `--data FOLDER`")
    await world.stopRequested()
  } finally {
    await server.close()
  }
  return 0
})
