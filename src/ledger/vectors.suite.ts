import { join } from 'node:path'

/** Vectors that others published, beside the repository; suites that read them skip where the folder is absent. */
export const VECTORS: string = join(import.meta.dirname, '../../../shared/vectors')
