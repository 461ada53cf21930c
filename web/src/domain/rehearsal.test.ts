import { describe, expect, it } from 'vitest';
import { askOf, bySecond, emptyForm } from './rehearsal';

describe('what is asked for', () => {
  it('names hosts, however they are parted', () => {
    expect(askOf({ ...emptyForm, names: ' h1, h2  h3 ' })).toEqual({ what: 'host-down', names: ['h1', 'h2', 'h3'], for: '5m', seed: 1 });
  });

  it('says of a release only what was filled in', () => {
    expect(askOf({ ...emptyForm, what: 'release', names: 'web', version: '2.0.0', errorRate: '5%' })).toEqual({ what: 'release', names: ['web'], version: '2.0.0', errorRate: '5%', for: '5m', seed: 1 });
  });

  it('leaves names and figures of releases out of traffic', () => {
    expect(askOf({ ...emptyForm, what: 'traffic', names: 'web', errorRate: '5%', factor: 'x10', seed: 'many' })).toEqual({ what: 'traffic', factor: 'x10', for: '5m' });
  });
});

it('groups lines by second', () => {
  const line = (at: number) => ({ at, kind: 'host', about: '', text: `${at}`, severity: 'info' as const });
  expect(bySecond([line(0), line(2.6), line(2.65), line(4)]).map((one) => [one.second, one.lines.length])).toEqual([[0, 1], [2, 2], [4, 1]]);
});
