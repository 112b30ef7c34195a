/** Public entry `countersign/testing`: servers to test against. */
export type { AuthFault, FaultAt, RegistryFaults } from "./faults/registry-faults.ts"
export { startTestRegistry } from "./test-registry.ts"
export type { RecordedRequest, TestRegistry, TestRegistryOptions } from "./test-registry.ts"
export type { AuthorityFaults, CrlFault, OcspFault, TransportFault, TsaFault } from "./authority/authority-faults.ts"
export { startTestAuthority } from "./authority/test-authority.ts"
export type {
  AuthorityRequest,
  RevocationOffer,
  SignerRequest,
  TestAuthority,
  TestAuthorityOptions,
  TestSigner,
} from "./authority/test-authority.ts"
export type { LogFault, SandboxFaults, SandboxTransportFault, SctFault } from "./sandbox/sandbox-faults.ts"
export type { SandboxLogin } from "./sandbox/sandbox-login.ts"
export { startTestSandbox } from "./sandbox/test-sandbox.ts"
export type { SandboxRequest } from "./sandbox/serve-faulty.ts"
export type { TestSandbox, TestSandboxOptions } from "./sandbox/test-sandbox.ts"
export type { SandboxFacts, SandboxTokenOptions } from "../app/sandbox-host.ts"
export type { RekorWitness } from "../servers/sandbox/rekor/options.ts"
