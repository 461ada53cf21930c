import { describe, expect, it } from 'vitest';
import { worst } from './connection';

describe('worst', () => {
  it('is as live as the least live stream', () => {
    const lost = { state: 'lost', shown: 5, retryAt: 9 } as const;
    expect(worst([{ state: 'live' }, lost])).toBe(lost);
    expect(worst([{ state: 'live' }, { state: 'connecting' }])).toEqual({ state: 'connecting' });
    expect(worst([])).toEqual({ state: 'connecting' });
  });
});
