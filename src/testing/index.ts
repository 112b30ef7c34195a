/** Public entry `countersign/testing`: servers to test against. */
export { startTestRegistry } from "./test-registry.ts"
export type { RecordedRequest, TestRegistry, TestRegistryOptions } from "./test-registry.ts"
