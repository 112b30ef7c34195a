/**
 * The registry client and the embedded registry, for programs that move artifacts themselves.
 *
 * @packageDocumentation
 */
export { openRegistry, type OpenedRegistry } from "./library/registry.ts"
export type { RegistryOptions } from "./library/options.ts"
export type { ContentStore, Attached, ReferrerList, TagState, UploadSource } from "./core/ports.ts"
export type { Descriptor, FetchedManifest } from "./core/descriptor.ts"
export { parseDigest, type Digest } from "./core/digest.ts"
export { parseReference } from "./core/reference-grammar.ts"
export type { Reference } from "./core/reference.ts"
export { ToolError } from "./core/errors.ts"
