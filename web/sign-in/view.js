import { Refusal } from './api.js'

const panes = [...document.querySelectorAll('main > section')]
let busy = false

/** Shows one pane and nothing else, and moves focus and title there. */
export function show(id, title) {
  for (const pane of panes) pane.hidden = pane.id !== id
  const pane = document.getElementById(id)
  hush(pane)
  const heading = pane.querySelector('h1')
  if (title !== undefined) heading.textContent = title
  document.title = `${heading.textContent} · breakglass`
  heading.focus()
  return pane
}

export const part = (pane, name) => pane.querySelector(`[data-part="${name}"]`)
export const act = (pane, name) => pane.querySelector(`[data-act="${name}"]`)
export function say(pane, name, text) {
  pane.querySelector(`[data-text="${name}"]`).textContent = text
}

/**
 * Lets a button or form do something, one thing at a time. What is refused is said in the pane, at the field it belongs to.
 * `waiting`: the button's words meanwhile.
 */
export function does(element, waiting, work) {
  const form = element instanceof HTMLFormElement
  const button = form ? element.querySelector('[type="submit"]') : element
  element[form ? 'onsubmit' : 'onclick'] = async event => {
    event.preventDefault()
    if (busy) return
    const pane = element.closest('section')
    const words = button.textContent
    busy = true
    hush(pane)
    button.setAttribute('aria-disabled', 'true')
    button.textContent = waiting
    try {
      if (form) checkFilled(element)
      await work(form ? Object.fromEntries(new FormData(element)) : undefined)
    } catch (error) {
      refuse(pane, error)
    } finally {
      busy = false
      button.removeAttribute('aria-disabled')
      button.textContent = words
    }
  }
}

/** The one filled button goes where the next act is. */
export function opens(toggle, form, other) {
  toggle.onclick = () => {
    const open = form.hidden
    form.hidden = !open
    toggle.setAttribute('aria-expanded', String(open))
    form.querySelector('[type="submit"]').classList.toggle('first', open)
    other.classList.toggle('first', !open)
    if (open) form.querySelector('input').focus()
  }
}

export function refuse(pane, error) {
  const refusal =
    error instanceof Refusal ? error : new Refusal({ detail: 'This page is broken.', next: 'Load it again.' })
  if (refusal !== error) console.error(error)
  const said = pane.querySelector('.said')
  const strong = document.createElement('strong')
  strong.textContent = refusal.message
  said.replaceChildren(strong, ` ${refusal.next}`)
  said.hidden = false
  const field =
    refusal.field && pane.querySelector(`form:not([hidden]) [name="${CSS.escape(refusal.field)}"]`)
  if (!field) return
  field.setAttribute('aria-invalid', 'true')
  field.focus()
}

function checkFilled(form) {
  const empty = [...form.elements].find(field => field.required && field.value.trim() === '')
  if (!empty) return
  const [label] = empty.labels
  throw new Refusal({
    detail: `${label.textContent} is missing.`,
    next: 'Write it below.',
    facts: { field: empty.name },
  })
}

function hush(pane) {
  pane.querySelector('.said').hidden = true
  for (const field of pane.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid')
}

/** `02:14:06 CET` at the same place on every page, by the reader's own zone. */
export function startClock() {
  const clock = document.getElementById('clock')
  const zone = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' })
  document.getElementById('zone').textContent = zone
    .formatToParts()
    .find(({ type }) => type === 'timeZoneName').value
  const tick = () => {
    const now = new Date()
    clock.dateTime = now.toISOString()
    clock.textContent = now.toLocaleTimeString('en-GB')
    setTimeout(tick, 1000 - (now.getTime() % 1000))
  }
  tick()
}

export function timeOf(iso) {
  return new Date(iso).toLocaleTimeString('en-GB')
}
