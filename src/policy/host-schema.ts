import { z } from 'zod'

/** Fields of a scope that mean something on a host only. `check-known` refuses them for targets of other protocols. */

const PATTERN =
  'must be a command pattern: words and "*", such as systemctl restart *, without quotes and other signs of the shell'

/** Words as a command line has them after the shell took its signs away; of these only `*` means something. */
const pattern = z
  .string({ error: PATTERN })
  .max(500)
  .regex(/^[^\s;|&<>()$`"'\\][^\n;|&<>()$`"'\\]*$/u, { error: PATTERN })
  .refine(text => !/\p{Cc}/u.test(text), { error: PATTERN })

const PORT = '(?:\\*|[1-9]\\d{0,4})'
const NAME = '[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})'
const DESTINATION = new RegExp(
  `^(?:(?:\\*|${NAME}|\\[[0-9A-Fa-f:.]{2,45}\\]):${PORT}|unix:/[^\\s\\p{Cc}]{1,107})$`,
  'u',
)

const destination = z
  .string({ error: 'must be a destination as text' })
  .regex(DESTINATION, {
    error:
      'must be a destination: host:port, where either may be "*", [address]:port for IPv6, or unix:/path, such as db1.internal:5432',
  })
  .refine(text => !/:(\d+)$/.test(text) || Number(/\d+$/.exec(text)?.[0]) <= 65_535, {
    error: 'must have a port of at most 65535',
  })

export const hostFields = {
  commands: z
    .array(pattern)
    .max(100)
    .optional()
    .describe(
      'On a host: patterns of the only commands that run (`systemctl restart *`); a shell is refused then. Best effort: `force_command` and the account are the guarantee.',
    ),
  never: z
    .array(pattern)
    .max(100)
    .default([])
    .describe('On a host: patterns of commands that are never run. Best effort.'),
  forward: z
    .array(destination)
    .max(100)
    .default([])
    .describe(
      'On a host: where port forwards may lead, `host:port` (either may be `*`) or `unix:/path`. Empty means nowhere.',
    ),
  allow: z
    .array(z.enum(['agent_forwarding', 'x11_forwarding', 'remote_forwarding']))
    .max(3)
    .default([])
    .describe('On a host: what is off unless it is named here.'),
  force_command: z
    .string()
    .min(1)
    .max(4000)
    .refine(text => text.trim() !== '' && !/\p{Cc}/u.test(text), {
      error: 'must be one command on one line',
    })
    .optional()
    .describe('On a host: the only command that may run, whatever is asked for; the target enforces it.'),
}
