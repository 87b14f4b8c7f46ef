export { RULE_NAMES } from './inspect/refuse-rules.ts'
