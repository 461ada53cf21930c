import { expect, it } from 'vitest';
import { behind, kept, queueOf, type StreamInfo } from './streams';

const reader = { name: 'queue:mails', position: 7, rewinds: 0, at: '2026-01-01T00:00:00Z' };

it('knows the queue of a reader', () => {
  expect(queueOf(reader)).toBe('mails');
  expect(queueOf({ ...reader, name: 'report' })).toBeUndefined();
});

it('tells how far behind a reader is', () => {
  expect(behind(reader, 10)).toBe(3);
  expect(behind(reader, 5)).toBe(0);
});

it('tells what is kept', () => {
  const stream: StreamInfo = { name: 's', version: 1, first: 1, isGone: false, keepEvents: 0, keepFor: '0s', snapshot: 0 };
  expect(kept(stream)).toBeUndefined();
  expect(kept({ ...stream, keepEvents: 5 })).toBe('≤ 5');
  expect(kept({ ...stream, keepEvents: 5, keepFor: '1d' })).toBe('≤ 5, ≤ 1d');
});
