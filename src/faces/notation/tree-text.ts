import type { OutputStream } from "../../app/world.ts"
import { printable } from "../../core/printable.ts"

/** Artifact type of the family's signatures, the second line of every tree. */
export const SIGNATURE_TYPE = "application/vnd.cncf.notary.signature"

/** A line and what stands below it. */
export interface TreeNode {
  readonly text: string
  readonly children?: readonly TreeNode[]
}

/**
 * A tree with lines between its nodes; ends in a newline.
 *
 * SECURITY: on a terminal a node is one line, whatever a signature says; into files and pipes its bytes go as they are.
 */
export function treeText(root: TreeNode, stdout: Pick<OutputStream, "isTTY">): string {
  const shown = stdout.isTTY ? printable : (text: string): string => text
  return `${shown(root.text)}\n${below(root, "", shown)}`
}

function below({ children = [] }: TreeNode, prefix: string, shown: (text: string) => string): string {
  return children
    .map((child, index) => {
      const last = index === children.length - 1
      const line = `${prefix}${last ? "└── " : "├── "}${shown(child.text)}\n`
      return line + below(child, `${prefix}${last ? "    " : "│   "}`, shown)
    })
    .join("")
}

/** `key: value`, with nodes below. */
export function pair(key: string, value: string, children?: readonly TreeNode[]): TreeNode {
  return children === undefined ? { text: `${key}: ${value}` } : { text: `${key}: ${value}`, children }
}
