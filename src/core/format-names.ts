/** Every signature format there is, in the order in which `--format` names them and the library asks for them. */
export const FORMAT_NAMES = ["cosign-v3", "cosign-v2", "notation", "notation-cose"] as const

/** A format that can be written and looked for. */
export type FormatName = (typeof FORMAT_NAMES)[number]
