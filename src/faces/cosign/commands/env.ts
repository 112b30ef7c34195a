import type { FaceHandler } from "../face-invocation.ts"
import { variables } from "../tables/variables.ts"

/** `cosign env` */
export const env: FaceHandler = async ({ flags, world, generation }) => {
  const describe = flags.bool("show-descriptions")
  const reveal = flags.bool("show-sensitive-values")
  const listed = variables.filter(({ only }) => (only ?? generation.name) === generation.name)
  for (const { name, about, expects, secret } of listed) {
    const value = world.env[name] ?? ""
    const shown = secret === true && !reveal && value !== "" ? "******" : value
    if (describe) await world.stdout.write(`# ${name} ${about}\n# Expects: ${expects}\n`)
    await world.stdout.write(`${name}=${shown}\n`)
  }
  return 0
}
