import { composeStorage, type StorageOptions } from "./compose-storage.ts"
import { createMemoryContent } from "./memory-content.ts"
import { Metadata } from "./metadata.ts"
import type { RegistryStorage } from "./storage.ts"

/** A storage that lives in memory and ends with the process. */
export function openMemoryStorage(options: StorageOptions): RegistryStorage {
  return composeStorage(new Metadata(":memory:", "fast"), createMemoryContent(), options)
}
