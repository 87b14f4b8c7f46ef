import { z } from '@hono/zod-openapi'
import { FACTORS } from '../../kernel/principal.ts'

export function body<S extends z.ZodType>(schema: S) {
  return { content: { 'application/json': { schema } }, required: true } as const
}

export function answer<S extends z.ZodType>(schema: S, description: string) {
  return { content: { 'application/json': { schema } }, description } as const
}

/** Answer of what changes something and has nothing to tell. */
export const DONE = answer(z.object({ done: z.literal(true) }), 'Done and recorded.')
export const done = { done: true } as const

const text = (most: number) => z.string().min(1).max(most)
const binary = text(64 * 1024)

export const Attempt = text(1024).describe(
  'Says which prompt is answered; from the begin of the same exchange.',
)
export const Code = text(16).describe('Six digits of the authenticator app.')
export const UserCode = text(16).describe('The code both screens show, as in `K7QM-4TXR`.')
export const EnrolmentSecret = text(64).describe('What follows the # in the enrolment link.')
export const Time = z.iso.datetime().describe('UTC.')

/** WebAuthn 3 §5.1.8: options and answers in the JSON form of the specification. */
export const WebAuthnOptions = z.looseObject({ challenge: z.string() })
export const Registration = z.looseObject({
  id: text(2048),
  rawId: text(2048),
  type: z.literal('public-key'),
  response: z.looseObject({ clientDataJSON: binary, attestationObject: binary }),
  clientExtensionResults: z.looseObject({}),
})
export const Assertion = z.looseObject({
  id: text(2048),
  rawId: text(2048),
  type: z.literal('public-key'),
  response: z.looseObject({
    clientDataJSON: binary,
    authenticatorData: binary,
    signature: binary,
    userHandle: text(256).optional(),
  }),
  clientExtensionResults: z.looseObject({}),
})
export const Prompt = z.object({ attempt: z.string(), options: WebAuthnOptions })

export const SignedIn = z.object({
  person: z.string(),
  handle: z.string(),
  expires_at: Time,
  token: z.string().optional().describe('Only for `as: cli`; a browser gets it as an HttpOnly cookie.'),
})

export const ProofShown = z.object({ factor: z.enum(FACTORS), at: Time })

export const Me = z.object({
  person: z.string(),
  handle: z.string(),
  name: z.string(),
  groups: z.array(z.string()),
  kind: z.enum(['session', 'cli', 'api']),
  token: z.string().describe('SHA-256 of the token; names it, opens nothing.'),
  expires_at: Time,
  proofs: z.array(ProofShown).describe('Factors shown for this token, newest first.'),
  factors: z.array(z.object({ id: z.string(), kind: z.enum(FACTORS), added_at: Time })),
})

export const TokenShown = z.object({
  id: z.string(),
  kind: z.enum(['session', 'cli', 'api']),
  created_at: Time,
  expires_at: Time,
  current: z.boolean(),
})

export const PersonShown = z.object({
  id: z.string(),
  handle: z.string(),
  name: z.string(),
  groups: z.array(z.string()),
  disabled: z.boolean(),
  factors: z.array(z.enum(FACTORS)),
})

export const Link = z.object({ link: z.string(), expires_at: Time })

export function iso(wallMs: number): string {
  return new Date(wallMs).toISOString()
}
