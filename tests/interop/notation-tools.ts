/** The real notation of both lines, our faces and our own command, on one configuration. */
import { countersign, peer, type Finished } from "./peers.ts"

export type NotationTool = "notation" | "notation2" | "our notation" | "our notation2"
export type Tool = NotationTool | "own"

/** Which of the two lines a tool is of. */
export function lineOf(tool: NotationTool): "notation" | "notation2" {
  return tool === "notation" || tool === "our notation" ? "notation" : "notation2"
}

export interface Tools {
  readonly folder: string
  /** Run a tool; the experimental flags are on. */
  run(tool: Tool, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>
}

/** Tools whose configuration is `config` in a folder, which is their working folder and home, too. */
export function openTools(folder: string): Tools {
  const variables = {
    NOTATION_CONFIG: `${folder}/config`,
    NOTATION_CACHE: `${folder}/cache`,
    NOTATION_EXPERIMENTAL: "1",
    TZ: "UTC",
  }
  return {
    folder,
    run: (tool, args, env = {}) => {
      const options = { cwd: folder, env: { ...variables, ...env } }
      if (tool === "own") return countersign(args, options)
      if (tool === "our notation" || tool === "our notation2") return countersign([lineOf(tool), ...args], options)
      return peer(tool, args, options)
    },
  }
}

export const notationTools: readonly NotationTool[] = ["notation", "notation2", "our notation", "our notation2"]

const EXPERIMENTAL = "Warning: This feature is experimental"

/** What a tool said on standard error, without the lines that name no fault. */
export function lastLine(finished: Finished): string {
  const lines = finished.stderr.split("\n").filter((line) => line !== "" && !line.startsWith(EXPERIMENTAL))
  return lines.at(-1) ?? ""
}
