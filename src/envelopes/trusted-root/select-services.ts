import { ToolError } from "../../core/errors.ts"
import type { ServiceSelection, SigningService } from "../../core/sigstore.ts"

/** What a choice among services depends on. */
export interface SelectionRules {
  /** Milliseconds since the epoch: services are valid then. */
  readonly at: number
  /** API versions this program speaks. */
  readonly versions: readonly number[]
  /** Uniform in 0 … 1, 1 excluded. */
  readonly random: () => number
  /** Name for errors, as in `timestamp authority`. Default `service`. */
  readonly what?: string
}

/**
 * Choose the services that sign: of the highest API version that any valid one has, newest first, at most one of each
 * operator; then all of them, any one, or an exact number at random.
 *
 * @returns at least one.
 * @throws {ToolError} `E_CONFIG_INVALID` when there are too few, or the config does not say how to choose.
 *
 * Spec: sigstore/protobuf-specs, sigstore_trustroot.proto, SigningConfig; sigstore-go `pkg/root/signing_config.go`.
 */
export function selectServices(
  services: readonly SigningService[],
  selection: ServiceSelection | undefined,
  rules: SelectionRules,
): readonly SigningService[] {
  const { random, what = "service" } = rules
  const chosen = onePerOperator(services, rules)
  if (chosen.length === 0) throw nothingFits(services, rules)
  switch (selection?.selector) {
    case "ALL":
      return chosen
    case "ANY":
      return pick(chosen, 1, random)
    case "EXACT": {
      const { count = 0 } = selection
      if (count > 0 && count <= chosen.length) return pick(chosen, count, random)
      throw invalid(
        `the signing config asks for ${count} of the ${what} entries`,
        count === 0
          ? "service selector count must be greater than 0"
          : `service selector count ${count} must be less than or equal to the slice length ${chosen.length}`,
      )
    }
    case undefined:
      throw invalid(`the signing config does not say which ${what} to use`, "invalid service selector")
  }
}

/**
 * Choose one service: the newest of the highest API version. For services that have no selection (certificate authorities,
 * identity providers).
 *
 * @throws {ToolError} `E_CONFIG_INVALID` when none fits.
 */
export function selectService(
  services: readonly SigningService[],
  rules: Omit<SelectionRules, "random">,
): SigningService {
  const [first] = fitting(services, rules)
  if (first === undefined) throw nothingFits(services, rules)
  return first
}

/** Valid services of the highest version that has any, newest first. */
function fitting(
  services: readonly SigningService[],
  { at, versions }: Pick<SelectionRules, "at" | "versions">,
): readonly SigningService[] {
  const valid = services.filter(
    ({ validFor: { start, end }, majorApiVersion }) =>
      versions.includes(majorApiVersion) && at >= start && (end === undefined || at <= end),
  )
  const highest = Math.max(...valid.map(({ majorApiVersion }) => majorApiVersion))
  return valid
    .filter(({ majorApiVersion }) => majorApiVersion === highest)
    .sort((a, b) => b.validFor.start - a.validFor.start)
}

function onePerOperator(services: readonly SigningService[], rules: SelectionRules): readonly SigningService[] {
  const operators = new Set<string>()
  return fitting(services, rules).filter(({ operator }) => {
    const fresh = !operators.has(operator)
    operators.add(operator)
    return fresh
  })
}

function pick<T>(items: readonly T[], count: number, random: () => number): readonly T[] {
  const left = [...items]
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)).flat()
}

function nothingFits(
  services: readonly SigningService[],
  { at, versions, what = "service" }: Omit<SelectionRules, "random">,
): ToolError {
  return invalid(
    `no usable ${what} in the signing config`,
    `none of ${services.length} is valid at ${new Date(at).toISOString()} and speaks API version ${versions.join(" or ")}`,
  )
}

function invalid(what: string, why: string): ToolError {
  return new ToolError("E_CONFIG_INVALID", { what, why, next: ["check the signing config"] })
}
