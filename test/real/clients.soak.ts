/** The long runs of the clients: thousands of statements, large values, clients that take long to build. */
import { exercises } from './clients/run.ts'

exercises(15, 'soak')
exercises(18, 'soak')
