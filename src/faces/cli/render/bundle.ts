import type { AboutFile, InspectedBundle } from "../../../app/inspect-bundle.ts"
import { printable } from "../../../core/printable.ts"
import { inspectedItem, NOT_VERIFIED } from "./attached.ts"
import { facts, type Fact } from "./facts.ts"
import type { Style } from "./style.ts"

/** Answer of `inspect --bundle`: the decoded content, marked as not verified, and whether it names the file. */
export function renderBundle({ path, item, file }: InspectedBundle, style: Style, width: number): string {
  const rows: Fact[] = [["bundle", printable(path)]]
  if (file !== undefined) {
    rows.push(["file", printable(file.path)], ["digest", `${file.digest} (${file.size} bytes)`])
    rows.push(["about it", ABOUT[file.about]])
    if (file.about === "another" && file.named !== undefined) rows.push(["names", printable(file.named)])
  }
  const lines = [style.doubt(NOT_VERIFIED), ...facts(rows, 0, width), ...inspectedItem(item, 0, 1, style, width)]
  return `${lines.join("\n")}\n`
}

const ABOUT: Readonly<Record<AboutFile, string>> = {
  same: "says so (not verified)",
  another: "no: it names another file",
  unsaid: "not said: verify it to find out",
}
