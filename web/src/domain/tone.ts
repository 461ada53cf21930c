/** What a state means at a glance. Each tone has its own shape, so that none is told by colour alone. */
export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'idle';

/** From what hurts most to what hurts least. */
export const tones: readonly Tone[] = ['bad', 'warn', 'busy', 'ok', 'idle'];

interface Standing {
  state: string;
  reason: string;
  ready: number;
  wanted: number;
}

const troubled = new Set(['CrashLoop', 'BuildFailed', 'StartFailed', 'HostLost']);

/** A service's or the gateway's tone. Unknown states of a newer server are idle and shown by name. */
export function toneOf({ state, reason, ready, wanted }: Standing): Tone {
  switch (state) {
    case 'failed':
    case 'lost':
      return 'bad';
    case 'rollback':
      return 'warn';
    case 'run':
      return ready < wanted || reason === 'Degraded' ? (wanted > 0 && ready === 0 ? 'bad' : 'warn') : 'ok';
    case 'provision':
    case 'update':
    case 'scale':
    case 'starting':
      return troubled.has(reason) ? 'warn' : 'busy';
    case 'ready':
      return wanted > ready ? 'busy' : wanted === 0 ? 'idle' : 'ok';
    default:
      return 'idle';
  }
}

/** An instance's tone. */
export function instanceTone(state: string): Tone {
  switch (state) {
    case 'ready':
      return 'ok';
    case 'starting':
      return 'busy';
    case 'unhealthy':
      return 'warn';
    case 'backoff':
      return 'bad';
    default:
      return 'idle';
  }
}

/** A host's tone. */
export const hostTone = (state: string): Tone => (state === 'ready' ? 'ok' : state === 'lost' ? 'bad' : 'idle');

/** How many of each tone. */
export function countTones(all: Iterable<Tone>): Record<Tone, number> {
  const counts: Record<Tone, number> = { ok: 0, busy: 0, warn: 0, bad: 0, idle: 0 };
  for (const tone of all) counts[tone]++;
  return counts;
}
