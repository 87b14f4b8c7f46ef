import { randomBytes } from 'node:crypto'
import { sha256Hex } from '../kernel/bytes.ts'
import { Fault, isFault } from '../kernel/faults.ts'
import type { Target } from '../kernel/target.ts'
import type { Grant } from '../grant/grant.ts'
import { findGrant } from '../grant/find.ts'
import type { Secrets } from '../identity/secrets.ts'
import type { Journal } from '../journal/journal.ts'
import { startReactor, type Reactor } from '../journal/reactor.ts'
import type { DormantLogin, DormantLogins as Installed } from '../target/dormant.ts'
import type { TargetLogin } from '../target/passage.ts'
import { dormantLogins, isFree, owedSecret } from './dormant-state.ts'

/** Beyond this without us the target lets nobody in by them: a gateway that is gone leaves no standing login. */
const VALID_MS = 30 * 86_400_000

/** `next`: begun and not known to hold; kept, so that trying again gives the target the same one. */
interface Sealed {
  readonly secret?: string
  readonly next?: string
}

interface Places {
  readonly targets: ReadonlyMap<string, Target>
  installed(target: Target): Installed | undefined
}

/**
 * The dormant logins of all targets: gives them secrets while their targets take them, and wakes one for a grant when no login can
 * be made. Owns the vault records `dormant/…`. One login serves one grant at a time, so that what runs under it is that grant's.
 */
export class DormantLogins {
  readonly #journal: Journal
  readonly #secrets: Secrets
  readonly #places: Places

  constructor(journal: Journal, secrets: Secrets, places: Places) {
    this.#journal = journal
    this.#secrets = secrets
    this.#places = places
  }

  /**
   * A login for a grant whose own could not be made because of `why`; undefined when none is installed for its scope. The log knows
   * it, and alerts, before it is used. Fault `target.unreachable` when all are in use or none has a secret.
   */
  async wake(grant: Grant, why: Fault): Promise<TargetLogin | undefined> {
    const target = this.#places.targets.get(grant.target)
    const names = this.#of(target)
      .filter(({ scope }) => scope === grant.scope)
      .map(({ name }) => name)
    if (names.length === 0) return undefined
    const { result: name } = await this.#journal.execute(state => {
      const current = findGrant(state, grant.id)
      if (current instanceof Fault) return current
      if (current.state !== 'active') return new Fault('grant.not_active', `The grant is ${current.state}.`)
      const held = current.targetLogin
      if (held?.dormant && !held.dropped) return { events: [], result: held.name }
      const free = names.find(one => isFree(state.get(dormantLogins, one)))
      if (free === undefined) return noneFree(grant.target, names.length, why)
      const about = { subject: grant.person, target: grant.target }
      const data = { grant: grant.id, login: free }
      return {
        events: [
          { ...about, type: 'dormant.used', data: { ...data, why: reasonOf(why) } },
          { ...about, type: 'login.intended', data: { ...data, dormant: true } },
        ],
        result: free,
      }
    })
    const { secret } = await this.#read(name)
    if (secret === undefined)
      throw new Fault('target.misconfigured', `The sealed secret of ${name} is not in the vault.`, {
        next: 'It gets a new one as soon as the target takes it.',
      })
    return { name, secret }
  }

  /** Gives each login that is owed one a fresh secret, now and whenever that comes due. */
  keepArmed(onError: (error: unknown, name: string, key: string) => void): Reactor {
    const all = [...this.#places.targets.values()].flatMap(target =>
      this.#of(target).map(({ name }) => ({ target, name })),
    )
    return startReactor<{ target: Target; name: string }>({
      name: 'dormant-logins',
      journal: this.#journal,
      *due(state, now) {
        for (const one of all) if (owedSecret(state.get(dormantLogins, one.name), now.wall)) yield one
      },
      key: ({ name }) => name,
      handle: ({ target, name }) => this.#arm(target, name),
      onError,
      concurrency: 4,
    })
  }

  async #arm(target: Target, name: string): Promise<void> {
    const installed = this.#places.installed(target)
    // Before anything is begun: a secret half given would be no use to the grant that needs the login meanwhile.
    await installed?.ready(target)
    const before = await this.#read(name)
    const next = before.next ?? randomBytes(24).toString('base64url')
    await this.#write(name, { ...before, next })
    await this.#note('dormant.arming', target, name, next)
    try {
      await installed?.arm(target, { name, secret: next }, VALID_MS)
    } catch (cause) {
      if (isFault(cause) && cause.facts['unchanged'] === true)
        await this.#note('dormant.kept', target, name, before.secret ?? '')
      throw cause
    }
    await this.#write(name, { secret: next })
    await this.#note('dormant.armed', target, name, next)
  }

  /** An attempt that is repeated is one event, not one each. */
  async #note(type: string, target: Target, login: string, secret: string): Promise<void> {
    await this.#journal.execute(state => {
      const repeated = type === 'dormant.arming' && state.get(dormantLogins, login)?.arming === true
      const data = { login, digest: sha256Hex(secret) }
      return { events: repeated ? [] : [{ type, target: target.name, data }], result: undefined }
    })
  }

  #of(target: Target | undefined): readonly DormantLogin[] {
    return (target && this.#places.installed(target)?.of(target)) ?? []
  }

  async #read(name: string): Promise<Sealed> {
    const bytes = await this.#secrets.get(record(name))
    return bytes ? (JSON.parse(bytes.toString()) as Sealed) : {}
  }

  #write(name: string, sealed: Sealed): Promise<void> {
    return this.#secrets.put(record(name), Buffer.from(JSON.stringify(sealed)))
  }
}

/** The server's own code where it said one: 53300 no slot, 25006 read-only, 53100 no disk. */
function reasonOf(why: Fault): string {
  const { sqlstate } = why.facts
  return typeof sqlstate === 'string' ? sqlstate : why.code
}

function record(name: string): string {
  return `dormant/${name}`
}

function noneFree(target: string, count: number, why: Fault): Fault {
  return new Fault('target.unreachable', `${why.message}; none of its ${count} dormant logins is free`, {
    next: 'End a grant that holds one, or configure more (`dormant`).',
    cause: why,
  })
}
