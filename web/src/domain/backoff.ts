const firstMs = 500;
const mostMs = 15_000;

/**
 * The wait before the next attempt to connect, in milliseconds: 0.5 s doubling to 15 s, spread by a fifth either way
 * so that pages that lost one server do not return at the same instant.
 * @param attempt 0 for the first after a loss.
 * @param chance 0 to 1.
 */
export function reconnectAfterMs(attempt: number, chance: number): number {
  const base = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 10));
  return Math.round(base * (0.8 + 0.4 * chance));
}
