import { describe, expect, it } from 'vitest';
import { bodyOf, oldestOf, type QueueFigures, type QueueMessage } from './queues';

const message = (event: Partial<QueueMessage['event']>): QueueMessage => ({ id: '1', state: 'ready', attempt: 0, at: '2026-01-01T00:00:00Z', event: { type: 't', ...event } });

describe('queues', () => {
  it('shows a body as text, as JSON or as base64, and cuts long ones', () => {
    expect(bodyOf(message({ data: 'hello' }))).toBe('hello');
    expect(bodyOf(message({ data: { a: 1 } }))).toBe('{"a":1}');
    expect(bodyOf(message({ data_base64: 'AAE=' }))).toBe('AAE=');
    expect(bodyOf(message({}))).toBe('');
    expect(bodyOf(message({ data: 'x'.repeat(300) }))).toHaveLength(201);
  });

  it('tells the age of the oldest message without milliseconds', () => {
    const aged = (oldest: string) => oldestOf({ oldest } as QueueFigures);
    expect(aged('0s')).toBeUndefined();
    expect(aged('250ms')).toBe('<1s');
    expect(aged('1m30s12ms')).toBe('1m30s');
    expect(aged('2h')).toBe('2h');
  });
});
