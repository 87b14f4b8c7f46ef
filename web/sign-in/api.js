/** A refusal in words a person can use: what happened, what to do next. */
export class Refusal extends Error {
  constructor(problem) {
    super(problem.detail ?? 'The server did not answer as expected.')
    this.code = problem.code ?? 'internal'
    this.next = problem.next ?? ''
    this.field = problem.facts?.field
  }
}

/** Calls the API as this page's visitor. Throws a Refusal. */
export async function call(method, path, body) {
  let response
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  } catch {
    throw new Refusal({
      code: 'unreachable',
      detail: 'The server does not answer.',
      next: 'Check the connection; nothing was changed here.',
    })
  }
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new Refusal(answer)
  return answer
}

export const post = (path, body) => call('POST', path, body)
