import { describe, expect, it } from 'vitest';
import { reconnectAfterMs } from './backoff';

describe('reconnectAfterMs', () => {
  it('doubles up to a bound and spreads by a fifth', () => {
    expect([0, 1, 2, 5, 50].map((attempt) => reconnectAfterMs(attempt, 0.5))).toEqual([500, 1000, 2000, 15_000, 15_000]);
    expect([reconnectAfterMs(0, 0), reconnectAfterMs(0, 1)]).toEqual([400, 600]);
  });
});
