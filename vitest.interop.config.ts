import { mergeConfig, type ViteUserConfig } from "vitest/config"
import base from "./vitest.config.ts"

/** Against the real tools, found in INTEROP_BIN or on PATH; one file after another, for they are heavy. */
const config: ViteUserConfig = mergeConfig(base, {
  test: { testTimeout: 300_000, hookTimeout: 120_000, fileParallelism: false },
}) as ViteUserConfig

config.test = { ...config.test, include: ["tests/interop/**/*.test.ts"], exclude: ["node_modules/**"] }

export default config
