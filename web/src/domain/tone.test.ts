import { expect, it } from 'vitest';
import { toneOf, type Tone } from './tone';

it.each<[string, string, number, number, Tone]>([
  ['run', 'Serving', 2, 2, 'ok'],
  ['run', 'Degraded', 1, 2, 'warn'],
  ['run', 'Serving', 0, 2, 'bad'],
  ['run', 'Serving', 0, 0, 'ok'],
  ['failed', 'BuildFailed', 0, 1, 'bad'],
  ['rollback', 'NotReadyInTime', 1, 1, 'warn'],
  ['provision', 'Building', 0, 1, 'busy'],
  ['provision', 'HostLost', 0, 1, 'warn'],
  ['update', 'Replacing', 1, 2, 'busy'],
  ['scale', 'ScalingOut', 1, 2, 'busy'],
  ['ready', 'Starting', 0, 2, 'busy'],
  ['ready', 'Stopped', 0, 0, 'idle'],
  ['destroy', 'Removed', 0, 0, 'idle'],
  ['hibernate', 'OfANewerServer', 1, 1, 'idle'],
])('%s (%s) with %i of %i ready is %s', (state, reason, ready, wanted, tone) => {
  expect(toneOf({ state, reason, ready, wanted })).toBe(tone);
});
