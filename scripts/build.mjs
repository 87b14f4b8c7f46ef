import { join } from 'node:path'
import { must, root } from './setup.mjs'

must(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'])
