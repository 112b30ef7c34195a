import { absent } from "../absent.ts"
import type { FaceHandler } from "../face-invocation.ts"

/** `notation inspect` */
export const inspect: FaceHandler = absent("inspect")
