import { asToolError, type ToolError } from "../core/errors.ts"
import type { AppContext, Target } from "./requests.ts"
import { namedSubjects, openTarget, type NamedSubject, type OpenTarget } from "./subjects.ts"

/** A target that was opened, and what it names. */
export interface TargetSubjects {
  readonly open: OpenTarget
  readonly subjects: readonly NamedSubject[] | ToolError
}

/** Opens each target of a request and resolves what it names, once, however often it is asked. */
export function subjectsOnce(
  app: AppContext,
  { signatureRepository, recursive }: { readonly signatureRepository?: string; readonly recursive: boolean },
): (target: Target) => Promise<TargetSubjects> {
  const known = new Map<Target, Promise<TargetSubjects>>()
  const look = async (target: Target): Promise<TargetSubjects> => {
    const open = openTarget(app, target, signatureRepository)
    try {
      return { open, subjects: await namedSubjects(open, recursive) }
    } catch (thrown) {
      return { open, subjects: asToolError(thrown) }
    }
  }
  return (target) => {
    const found = known.get(target) ?? look(target)
    known.set(target, found)
    return found
  }
}
