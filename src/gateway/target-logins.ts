import { randomBytes } from 'node:crypto'
import type { Target } from '../kernel/target.ts'
import { Fault, isFault } from '../kernel/faults.ts'
import { randomWord } from '../kernel/ids.ts'
import type { Authorization } from '../grant/authorization.ts'
import { findGrant } from '../grant/find.ts'
import { grants } from '../grant/slice.ts'
import { type Grant, type LoginAtTarget, loginsToEnd } from '../grant/grant.ts'
import type { Journal } from '../journal/journal.ts'
import type { Receipt } from '../ledger/receipt.ts'
import type { Protocol, TargetControl } from '../target/protocol.ts'
import type { TargetLogin } from '../target/passage.ts'
import type { DormantLogins } from './dormant-logins.ts'
import { openPassage } from './passage.ts'

interface Places {
  target(name: string): Target
  protocol(target: Target): Protocol
}

/**
 * The short-lived logins at the targets, one per grant. Owns their secrets (in memory only: after a restart a login that
 * still lives gets a new one) and the one reserved control connection per target.
 */
export class TargetLogins {
  readonly #journal: Journal
  readonly #places: Places
  readonly #dormant: DormantLogins
  readonly #ready = new Map<string, Promise<TargetLogin>>()
  readonly #retiring = new Map<string, Promise<void>>()
  /** Grants whose login was or is being taken away: none is created any more, whatever the log says yet. */
  readonly #over = new Set<string>()
  /** By grant: what a crash left is being terminated; a new session waits for it, or it would be taken along. */
  readonly #orphans = new Map<string, Promise<unknown>>()
  readonly #controls = new Map<string, TargetControl>()

  constructor(journal: Journal, places: Places, dormant: DormantLogins) {
    this.#journal = journal
    this.#places = places
    this.#dormant = dormant
  }

  /**
   * The grant's login, created on first use: its name is in the log before it exists at the target. When none can be made now, a
   * dormant one is woken.
   */
  ensure(authorization: Authorization): Promise<TargetLogin> {
    const id = authorization.grant.id
    if (this.#over.has(id)) return Promise.reject(new Fault('session.ended', 'The grant has ended.'))
    const known = this.#ready.get(id)
    if (known) return known
    const ready = this.#create(authorization)
    this.#ready.set(id, ready)
    ready.catch(() => this.#ready.delete(id))
    return ready
  }

  /**
   * The end at the target, in this order: nothing new may start, all that runs is terminated and seen to be gone, the login
   * is dropped, that is recorded (DESIGN §3). A dormant login is not disabled: only we know its secret, and that is changed.
   * Safe to call again; calls for one grant share the work.
   */
  retire(grant: Grant): Promise<void> {
    this.#over.add(grant.id)
    const running = this.#retiring.get(grant.id)
    if (running) return running
    const retiring = this.#retire(grant).finally(() => this.#retiring.delete(grant.id))
    this.#retiring.set(grant.id, retiring)
    return retiring
  }

  /**
   * After a start nobody of ours is connected: what runs at the targets under logins of live grants was left by a crash, works
   * unwatched, and is terminated. The logins stay, their grants go on.
   */
  async terminateOrphans(): Promise<void> {
    for (const grant of this.#journal.state.hot(grants)) {
      if (grant.state !== 'active' || grant.targetLogin?.dropped !== false) continue
      const target = this.#places.target(grant.target)
      this.#orphans.set(grant.id, this.control(target).terminate(grant.targetLogin.name))
    }
    await Promise.all(this.#orphans.values())
  }

  control(target: Target): TargetControl {
    const known = this.#controls.get(target.name)
    if (known) return known
    const control = this.#places.protocol(target).control(target)
    this.#controls.set(target.name, control)
    return control
  }

  async close(): Promise<void> {
    await Promise.all([...this.#controls.values()].map(control => control.close().catch(() => undefined)))
    this.#controls.clear()
  }

  async #create(authorization: Authorization): Promise<TargetLogin> {
    const { grant } = authorization
    await this.#orphans.get(grant.id)?.catch(() => undefined)
    const target = this.#places.target(grant.target)
    const held = grant.targetLogin
    if (held?.dormant && !held.dropped) {
      const woken = await this.#dormant.wake(grant, new Fault('session.refused', 'The grant has no login.'))
      if (woken) return woken
    }
    const name = held?.dropped === false && !held.dormant ? held.name : `bg_${randomWord(60)}`
    const { receipts } = await this.#journal.execute(state => {
      const current = findGrant(state, grant.id)
      if (current instanceof Fault) return current
      if (current.state !== 'active') return new Fault('grant.not_active', `The grant is ${current.state}.`)
      const data = { grant: grant.id, login: name }
      return {
        events: [{ type: 'login.intended', subject: grant.person, target: grant.target, data }],
        result: undefined,
      }
    })
    const login = { name, secret: randomBytes(24).toString('base64url') }
    const passage = openPassage(authorization, receipts[0] as Receipt, target, login)
    try {
      await this.#places.protocol(target).provision(passage)
      return login
    } catch (cause) {
      if (!isFault(cause, 'target.unreachable')) throw cause
      const woken = await this.#dormant.wake(grant, cause)
      if (!woken) throw cause
      return woken
    }
  }

  async #retire(grant: Grant): Promise<void> {
    const creating = this.#ready.get(grant.id)
    this.#ready.delete(grant.id)
    // A login that is being created this moment must exist before it can be taken away for good.
    await creating?.catch(() => undefined)
    const current = this.#journal.state.get(grants, grant.id)
    const control = this.control(this.#places.target(grant.target))
    const failures: unknown[] = []
    for (const login of current ? loginsToEnd(current) : []) {
      await this.#end(grant, login, control).catch((cause: unknown) => failures.push(cause))
    }
    if (failures.length > 0) throw failures[0]
  }

  /** What can be ended is ended, even where the login cannot be taken away yet: a standby whose primary is gone. */
  async #end(grant: Grant, login: LoginAtTarget, control: TargetControl): Promise<void> {
    const started = this.#journal.now().mono
    const disabling = login.dormant ? undefined : control.disable(login.name)
    const disabled = await disabling?.then(
      () => undefined,
      (cause: unknown) => ({ cause }),
    )
    const terminated = await control.terminate(login.name)
    if (disabled) throw disabled.cause
    if (!login.dormant) await control.drop(login.name)
    const ms = Math.round((this.#journal.now().mono - started) * 10) / 10
    await this.#journal.execute(
      state => {
        const current = state.get(grants, grant.id)
        if (!current || !loginsToEnd(current).some(one => one.name === login.name))
          return { events: [], result: undefined }
        const data = {
          grant: grant.id,
          login: login.name,
          terminated,
          ms,
          ...(login.dormant && { dormant: true }),
        }
        return {
          events: [{ type: 'login.dropped', subject: grant.person, target: grant.target, data }],
          result: undefined,
        }
      },
      { reserve: true },
    )
  }
}
