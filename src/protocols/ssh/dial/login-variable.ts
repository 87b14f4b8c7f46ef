/** The environment variable that marks everything a grant runs at its target; sshd takes it by `AcceptEnv`. */
export const LOGIN_VARIABLE = 'BREAKGLASS_LOGIN'
