/** Artifact type of the family's signatures, the second line of every tree. */
export const SIGNATURE_TYPE = "application/vnd.cncf.notary.signature"

/** A line and what stands below it. */
export interface TreeNode {
  readonly text: string
  readonly children?: readonly TreeNode[]
}

/** A tree with lines between its nodes; ends in a newline. */
export function treeText(root: TreeNode): string {
  return `${root.text}\n${below(root, "")}`
}

function below({ children = [] }: TreeNode, prefix: string): string {
  return children
    .map((child, index) => {
      const last = index === children.length - 1
      return `${prefix}${last ? "└── " : "├── "}${child.text}\n${below(child, `${prefix}${last ? "    " : "│   "}`)}`
    })
    .join("")
}

/** `key: value`, with nodes below. */
export function pair(key: string, value: string, children?: readonly TreeNode[]): TreeNode {
  return children === undefined ? { text: `${key}: ${value}` } : { text: `${key}: ${value}`, children }
}
