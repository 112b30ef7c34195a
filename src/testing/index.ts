/** Public entry `countersign/testing`: servers to test against. */
export type { AuthFault, FaultAt, RegistryFaults } from "./faults/registry-faults.ts"
export { startTestRegistry } from "./test-registry.ts"
export type { RecordedRequest, TestRegistry, TestRegistryOptions } from "./test-registry.ts"
