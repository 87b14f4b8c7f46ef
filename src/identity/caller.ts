/** Where a call comes from, for the record; sealed. */
export interface Caller {
  /** Network address as the server sees it. */
  readonly source: string
  /** What the client calls itself. */
  readonly application?: string
}

export function callerPayload(caller: Caller): { readonly source: string; readonly application: string } {
  return { source: caller.source.slice(0, 64), application: (caller.application ?? '').slice(0, 200) }
}
