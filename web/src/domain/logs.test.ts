import { describe, expect, it } from 'vitest';
import type { LogLine } from '../api/shapes';
import { LogBuffer, shows, stripAnsi } from './logs';

const lines = (count: number, from = 0): LogLine[] =>
  Array.from({ length: count }, (_, i) => ({ at: '2026-11-21T12:00:00Z', instance: 'web-1', stream: 'out', text: `line ${from + i}` }));
const numbers = (buffer: LogBuffer) => buffer.view.flatMap((chunk) => chunk.lines.map((line) => line.number));

describe('LogBuffer', () => {
  it('keeps the order across batches of any size', () => {
    const buffer = new LogBuffer(1000, 10);
    for (const size of [1, 9, 10, 11, 25, 3]) buffer.append(lines(size));
    expect(numbers(buffer)).toEqual(Array.from({ length: 59 }, (_, i) => i));
  });

  it('leaves full chunks untouched, so that they are drawn once', () => {
    const buffer = new LogBuffer(1000, 10);
    buffer.append(lines(15));
    const [full, open] = buffer.view;
    buffer.append(lines(2));
    expect(buffer.view[0]).toBe(full);
    expect(buffer.view[1]).not.toBe(open);
    expect(open!.lines).toHaveLength(5);
  });

  it('drops the oldest chunks above the limit', () => {
    const buffer = new LogBuffer(30, 10);
    buffer.append(lines(95));
    expect(buffer.count).toBe(25);
    expect(numbers(buffer)[0]).toBe(70);
  });
});

describe('shows', () => {
  const line: LogLine = { at: '', instance: 'web-1', stream: 'err', text: 'Slow query' };
  it.each([
    [{ text: 'SLOW', instance: '', errorsOnly: false }, true],
    [{ text: 'fast', instance: '', errorsOnly: false }, false],
    [{ text: '', instance: 'web-2', errorsOnly: false }, false],
    [{ text: '', instance: 'web-1', errorsOnly: true }, true],
  ])('%j → %s', (filter, shown) => expect(shows(filter, line)).toBe(shown));
});

it('takes colours and titles out of lines', () => {
  expect(stripAnsi('\x1b[1;32minfo\x1b[0m: \x1b]0;title\x07ok \x1b[Kend')).toBe('info: ok end');
});
