/** The life of a grant (DESIGN §3). `approved` waits for what opening still needs, such as a confirmed alert. */
export const STATES = [
  'requested',
  'verified',
  'approved',
  'active',
  'ended',
  'reviewed',
  'closed',
  'denied',
  'withdrawn',
  'lapsed',
] as const

export type GrantState = (typeof STATES)[number]

/** Which state an event leads to, and from where it may come. Whatever is not listed is refused. */
export const MOVES = {
  'grant.requested': { from: [], to: 'requested' },
  'grant.verified': { from: ['requested'], to: 'verified' },
  'grant.approved': { from: ['verified'], to: 'approved' },
  'grant.activated': { from: ['approved'], to: 'active' },
  'grant.ended': { from: ['active'], to: 'ended' },
  'review.completed': { from: ['ended'], to: 'reviewed' },
  'grant.closed': { from: ['reviewed'], to: 'closed' },
  'grant.denied': { from: ['requested', 'verified', 'approved'], to: 'denied' },
  'grant.withdrawn': { from: ['requested', 'verified', 'approved'], to: 'withdrawn' },
  'grant.lapsed': { from: ['requested', 'verified', 'approved'], to: 'lapsed' },
} as const satisfies Record<string, { from: readonly GrantState[]; to: GrantState }>

export type Move = keyof typeof MOVES

/** No path leaves these. */
export const TERMINAL: readonly GrantState[] = ['closed', 'denied', 'withdrawn', 'lapsed']

/** Somebody still has to answer or to act before access opens. */
export const PENDING: readonly GrantState[] = ['requested', 'verified', 'approved']

export function isMove(type: string): type is Move {
  return Object.hasOwn(MOVES, type)
}

export function allows(move: Move, state: GrantState): boolean {
  return (MOVES[move].from as readonly GrantState[]).includes(state)
}
