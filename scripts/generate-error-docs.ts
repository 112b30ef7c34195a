/** Writes `docs/errors/<CODE>.md` and their index from the error catalogue. Run: `node scripts/generate-error-docs.ts`. */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { catalogue, EXIT, type CatalogueEntry, type ErrorKind } from "../src/core/error-catalogue.ts"
import { KIND_WORDS, sentence } from "../src/faces/cli/render/error-page.ts"

/**
 * The pages of `docs/errors`, by file name.
 *
 * @returns one page per code and `README.md`, in the order of the catalogue.
 */
export function errorPages(): ReadonlyMap<string, string> {
  const entries = Object.entries(catalogue)
  const pages = entries.map(([code, entry]): [string, string] => [`${code}.md`, page(code, entry)])
  return new Map([["README.md", index(entries)], ...pages])
}

function page(code: string, entry: CatalogueEntry): string {
  const again = entry.retryable ? "Trying again can help." : "Trying again without a change does not help."
  return [
    `# ${code}`,
    "",
    sentence(entry.summary),
    "",
    `- Kind: \`${entry.kind}\`. ${KIND_WORDS[entry.kind]}`,
    `- Exit code of \`countersign\`: ${EXIT[entry.kind]}.`,
    `- ${again}`,
    "",
    "## What to do",
    "",
    ...entry.next.map((next) => `- ${sentence(next)}`),
    "",
    "The line `why` of the message says what was observed and what was expected; the lines `hint` say what fits the case",
    "at hand. `--output json` prints the same as `error.why`, `error.next` and `error.details`.",
    "",
    "[All codes](README.md) · [Troubleshooting](../troubleshooting.md)",
    "",
  ].join("\n")
}

function index(entries: readonly (readonly [string, CatalogueEntry])[]): string {
  const rows = entries.map(
    ([code, entry]) => `| [${code}](${code}.md) | ${entry.kind} | ${EXIT[entry.kind]} | ${entry.summary} |`,
  )
  const kinds = Object.entries(KIND_WORDS).map(([kind, text]) => `| ${EXIT[kind as ErrorKind]} | ${kind} | ${text} |`)
  return [
    "# Error codes",
    "",
    "Every error has a stable code. The code decides the kind, and the kind decides the exit code.",
    "",
    "| exit | kind | meaning |",
    "| --- | --- | --- |",
    ...kinds,
    "",
    "| code | kind | exit | meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n")
}

/** Write the pages into `folder` and remove those of codes that are gone. */
export async function writeErrorPages(folder: string): Promise<void> {
  const pages = errorPages()
  await mkdir(folder, { recursive: true })
  for (const [name, text] of pages) await writeFile(`${folder}/${name}`, text)
  const stale = (await readdir(folder)).filter((name) => name.endsWith(".md") && !pages.has(name))
  for (const name of stale) await rm(`${folder}/${name}`)
}

if (import.meta.main) await writeErrorPages(fileURLToPath(new URL("../docs/errors", import.meta.url)))
