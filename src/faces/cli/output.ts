import type { OutputStream, World } from "../../app/world.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonObject } from "../../core/json-value.ts"
import type { FlagValues } from "../command.ts"
import { errorObject, renderError } from "./render/error.ts"
import { hasTerminalControls, writeJson } from "./render/json.ts"
import { printable } from "../../core/printable.ts"
import { createStyle, type Style } from "./render/style.ts"
import { widthOf } from "./render/wrap.ts"

/** Form of the answer on standard output. */
export type OutputForm = "text" | "json" | "yaml"

/** Where a command's answer and messages go: data to stdout, messages to stderr. */
export interface Output {
  readonly form: OutputForm
  readonly quiet: boolean
  /** Colours of stdout. */
  readonly style: Style
  /** Columns of stdout. */
  readonly width: number
  /**
   * Print the answer, once per run.
   *
   * @param document - for json and yaml.
   * @param text - for people; must be printable.
   * @param requested - the text is what was asked for (a list, a key) and stays with `--quiet`.
   */
  answer(document: JsonObject, text: () => string, requested?: "requested"): Promise<void>
  /** A line for the person, not part of the answer; silent with `--quiet` and off in json logs. */
  note(text: string): Promise<void>
  /** An error on stderr in its terminal form, or one JSON line with `--log-format json`. */
  error(error: ToolError, artifact?: string): Promise<void>
}

/**
 * @param flags - with the global flags `output`, `quiet`, `debug` and `log-format`.
 */
export function createOutput(flags: FlagValues, world: World): Output {
  const form = outputForm(flags.string("output"))
  checkLogFormat(flags.string("log-format"))
  const quiet = flags.bool("quiet")
  const jsonLog = flags.string("log-format") === "json"
  const style = createStyle(world.stdout, world.env)
  return {
    form,
    quiet,
    style,
    width: widthOf(world.stdout),
    async answer(document, text, requested) {
      if (form !== "text") await world.stdout.write(await serialise(document, form))
      else if (!quiet || requested !== undefined) await world.stdout.write(text())
    },
    async note(text) {
      if (!quiet && !jsonLog) await world.stderr.write(`${printable(text)}\n`)
    },
    async error(thrown, artifact) {
      await printError(thrown, artifact, world, { json: jsonLog, debug: flags.bool("debug") })
    },
  }
}

/** A document as JSON or YAML text, ended by a line break. */
export async function serialise(document: JsonObject, form: "json" | "yaml"): Promise<string> {
  if (form === "json") return writeJson(document)
  const { writeYaml } = await import("../../codec/yaml.ts")
  const text = writeYaml(document)
  // SECURITY: the YAML writer leaves C1 and direction characters as they are. JSON is YAML, and ours escapes them.
  return hasTerminalControls(text) ? writeJson(document) : text
}

/** @throws {ToolError} `E_USAGE` for anything but text, json and yaml. */
function outputForm(text: string): OutputForm {
  if (text === "text" || text === "json" || text === "yaml") return text
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(text)} for --output`,
    why: "expected text, json or yaml",
  })
}

function checkLogFormat(text: string): void {
  if (text === "text" || text === "json") return
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(text)} for --log-format`,
    why: "expected text or json",
  })
}

/** How {@link printError} prints. */
interface ErrorPrinting {
  /** One JSON line instead of the terminal form. */
  readonly json: boolean
  /** Causes too, and the stack of a bug. */
  readonly debug: boolean
}

/** Print an error on stderr. */
export async function printError(
  error: ToolError,
  artifact: string | undefined,
  world: World,
  how: ErrorPrinting,
): Promise<void> {
  if (how.json) {
    const line = { level: "error", time: world.now(), event: "command.failed", ...errorObject(error) }
    await world.stderr.write(`${writeJson(line).replaceAll(/\n */g, "")}\n`)
    return
  }
  const layout = { style: createStyle(world.stderr, world.env), width: widthOf(world.stderr) }
  await world.stderr.write(renderError(error, artifact === undefined ? layout : { ...layout, artifact }))
  if (how.debug) await printTrace(error, world.stderr)
}

/** Where an error came from, for `--debug`: messages of the causes, and the stack of a bug. */
async function printTrace(error: ToolError, stderr: OutputStream): Promise<void> {
  const lines: string[] = []
  let cause: unknown = error.cause
  for (let depth = 0; cause instanceof Error && depth < 8; depth += 1) {
    lines.push(`  caused by ${printable(`${cause.name}: ${cause.message}`)}`)
    if (error.kind === "bug") lines.push(...(cause.stack ?? "").split("\n").slice(1).map(printable))
    cause = cause.cause
  }
  if (lines.length > 0) await stderr.write(`${lines.join("\n")}\n`)
}
