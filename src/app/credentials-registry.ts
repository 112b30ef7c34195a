import { ToolError } from "../core/errors.ts"
import { parseRepositoryName } from "../core/reference-grammar.ts"
import type { Target } from "./requests.ts"

/**
 * The one registry that credentials named for a single call are meant for.
 *
 * SECURITY: a password or token belongs to one registry. Sent to each that the call reaches, it would reach whoever runs
 * the others.
 *
 * @param signatureRepository - absent or empty when signatures lie beside their artifacts.
 * @returns `host[:port]` as in references; `undefined` when no registry is named at all.
 * @throws {ToolError} `E_USAGE` when several are named; `E_REF_INVALID` for a bad repository.
 */
export function credentialsRegistry(targets: readonly Target[], signatureRepository = ""): string | undefined {
  const places = [
    ...targets.flatMap((target) => (target.kind === "registry" ? [target.reference] : [])),
    ...(signatureRepository === "" ? [] : [parseRepositoryName(signatureRepository, "docker")]),
  ]
  const registries = [...new Map(places.map(({ registry }) => [registry.toLowerCase(), registry])).values()]
  if (registries.length < 2) return registries[0]
  throw severalRegistries(registries)
}

/** The error for credentials that could be meant for any of several registries. */
export function severalRegistries(registries: readonly string[]): ToolError {
  const shown = registries.slice(0, 5).join(", ")
  const more = registries.length > 5 ? ` and ${registries.length - 5} more` : ""
  return new ToolError("E_USAGE", {
    what: "credentials for one registry, and several registries",
    why: `a user name or token was given for this call, which names ${shown}${more}; it would be sent to each of them`,
    next: [
      `run \`countersign login ${registries[0] ?? "REGISTRY"}\`, and so for the others, and leave the credentials out`,
      "or give an auth file that has credentials for each (`--authfile FILE`, REGISTRY_AUTH_FILE)",
    ],
  })
}
