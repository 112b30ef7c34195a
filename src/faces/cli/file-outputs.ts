import { ToolError } from "../../core/errors.ts"
import type { FlagValues } from "../command.ts"
import type { OutputForm } from "./output.ts"

/** A document to write and where: a path, `-` for standard output. */
export interface FileOutput {
  /** Flag that named it. */
  readonly name: string
  readonly path: string
}

/**
 * Files a command writes.
 *
 * @param names - flags that name outputs, of which at least one must be given.
 * @throws {ToolError} `E_USAGE` for none, for two that are the same, and when standard output has two uses.
 */
export function openOutputs(flags: FlagValues, form: OutputForm, names: readonly string[]): readonly FileOutput[] {
  const outputs = names.map((name) => ({ name, path: flags.string(name) })).filter(({ path }) => path !== "")
  if (outputs.length === 0) {
    throw new ToolError("E_USAGE", {
      what: "nowhere to write the signature",
      why: `expected ${names.map((name) => `--${name}`).join(" or ")}`,
      next: [`add \`--${names[0] ?? ""} FILE\``],
    })
  }
  if (new Set(outputs.map(({ path }) => path)).size < outputs.length) {
    throw new ToolError("E_USAGE", {
      what: "two outputs to one file",
      why: outputs.map(({ name, path }) => `--${name} ${path}`).join(" and "),
      next: ["name two files"],
    })
  }
  if (form !== "text" && outputs.some(({ path }) => path === "-")) {
    throw new ToolError("E_USAGE", {
      what: "standard output has two uses",
      why: `--output ${form} prints the answer there, and an output file is -`,
      next: ["name a file instead of -"],
    })
  }
  return outputs
}
