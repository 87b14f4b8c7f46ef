import { expect, it } from 'vitest'
import { scpDirection } from './scp-direction.ts'

it.each([
  ['scp -t /tmp', 'upload'],
  ['scp -r -p -t -- /srv/app', 'upload'],
  ['scp -d -t .', 'upload'],
  ["scp -qrt 'with space'", 'upload'],
  ['/usr/bin/scp -v -f /var/log/*.log', 'download'],
  ['scp -f -- one two', 'download'],
  // More than a transfer, or none: a command like any other.
  ['scp -t /tmp; id', undefined],
  ['scp -t $(id)', undefined],
  ['scp -t `id`', undefined],
  ['scp -t /tmp\nid', undefined],
  ['scp -t /tmp > x', undefined],
  ['scp -t -f /tmp', undefined],
  ['scp -S /tmp/x -t /tmp', undefined],
  ['scp -o ProxyCommand=id -f x', undefined],
  ['scp a b', undefined],
  ['scp -r a host:b', undefined],
  ['PATH=. scp -t /tmp', undefined],
  ['scpx -t /tmp', undefined],
  ['', undefined],
])('%j is %s', (command, direction) => {
  expect(scpDirection(command)).toBe(direction)
})
