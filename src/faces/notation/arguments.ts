/** Checks of arguments, each with notation's own sentence. */
import { goQuote } from "../../codec/go-quote.ts"
import type { ArgumentsCheck } from "./face-command.ts"

/** Names of stores, keys and certificates. */
export const FILE_NAME: RegExp = /^[a-zA-Z0-9_.-]+$/

/** At least one argument; more are ignored or used, as the command likes. */
export function atLeastOne(missing: string): ArgumentsCheck {
  return (args) => (args.length === 0 ? missing : undefined)
}

/** One argument. */
export function exactlyOne(sentence: string): ArgumentsCheck {
  return (args) => (args.length === 1 ? undefined : sentence)
}

/** cobra's `ExactArgs`. */
export function exactly(count: number): ArgumentsCheck {
  return (args) => (args.length === count ? undefined : `accepts ${count} arg(s), received ${args.length}`)
}

/** cobra's `NoArgs`. */
export const none: ArgumentsCheck = ([first], { name }) =>
  first === undefined ? undefined : `unknown command ${goQuote(first)} for ${goQuote(name)}`

/** Sentence of the commands on artifacts. */
export function referenceMissing(command: string): string {
  return `missing reference to the artifact: use \`notation ${command} --help\` to see what parameters are required`
}

/** Sentence of the commands on blobs. */
export function blobMissing(what: string, command: string): string {
  return `missing ${what}: use \`notation blob ${command} --help\` to see what parameters are required`
}

/** `blob sign` */
export const blobSignArguments: ArgumentsCheck = ([path]) => {
  if (path === undefined) return blobMissing("file path to the blob artifact", "sign")
  return path === "" ? "blob path cannot be empty" : undefined
}

/** `cert cleanup-test` */
export const cleanupArguments: ArgumentsCheck = ([name]) => {
  if (name === undefined) return "missing certificate common name"
  return FILE_NAME.test(name) ? undefined : "certificate common name must follow [a-zA-Z0-9_.-]+ format"
}

/** `cert delete` */
export const deleteArguments: ArgumentsCheck = (args, { flags }) => {
  if (flags.bool("all")) {
    const sentence = "cannot delete a single certificate file when --all flag is set. use --help flag for more details"
    return args.length === 0 ? undefined : sentence
  }
  if (args.length > 0) return undefined
  return (
    "delete requires either the certificate file name that needs to be deleted or --all flag to delete all " +
    "certificates in the given named trust store"
  )
}

/** `cert show` */
export const showArguments: ArgumentsCheck = (args) => {
  if (args.length === 0) return "missing certificate file name"
  return args.length > 1 ? "show only supports single certificate file" : undefined
}

/** `policy import` and `blob policy import` */
export function importArguments(command: string, what: string): ArgumentsCheck {
  return (args) =>
    args.length === 1
      ? undefined
      : `requires 1 argument but received ${args.length}.\n` +
        `Usage: notation ${command} import <path-to-policy.json>\nPlease specify a ${what} as the argument`
}

/** `plugin install` */
export const installArguments: ArgumentsCheck = (args, { flags }) => {
  if (args.length === 1) return undefined
  if (args.length > 1) return `can only install one plugin at a time, but got [${args.join(" ")}]`
  if (flags.bool("file")) return "missing plugin file path"
  return flags.bool("url") ? "missing plugin URL" : "missing plugin source location"
}

/** `plugin uninstall` */
export const uninstallArguments: ArgumentsCheck = (args) => {
  if (args.length === 0) return "plugin name is required"
  return args.length > 1 ? "only one plugin can be removed at a time" : undefined
}
