/** Words about what is free on hosts. */
export const headroomEn = {
  title: 'Placement and headroom',
  state: 'State',
  zone: 'Zone',
  kept: (reserved: string, offers: string) => `${reserved} of ${offers} kept free`,
  over: (times: string) => `${times} × what the machine has`,
  use: { cordoned: 'Cordoned', draining: 'Draining' },
  verb: { cordon: 'Cordon', drain: 'Drain', uncordon: 'Uncordon', forget: 'Forget' },
  ask: {
    cordon: (host: string) => `Cordon ${host}?`, drain: (host: string) => `Drain ${host}?`, uncordon: (host: string) => `Uncordon ${host}?`, forget: (host: string) => `Forget ${host}?`,
  },
  means: {
    cordon: 'It keeps what it has and takes nothing new.',
    drain: 'It takes nothing new, and what can run elsewhere is moved there, each only when another one serves in its place. Pets stay with their data.',
    uncordon: 'It takes instances again.',
    forget: 'Its agent does not answer and nothing is left on it. It has to join again.',
  },
};
