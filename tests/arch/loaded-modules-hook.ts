/** Preloaded into the built command: writes the URLs of all modules it loaded to the file LOADED_MODULES names. */
import { writeFileSync } from "node:fs"
import { registerHooks } from "node:module"

const urls: string[] = []
registerHooks({
  load(url, context, next) {
    urls.push(url)
    return next(url, context)
  },
})
process.on("exit", () => {
  writeFileSync(process.env["LOADED_MODULES"] ?? "", JSON.stringify(urls))
})
