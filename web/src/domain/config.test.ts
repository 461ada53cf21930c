import { describe, expect, it } from 'vitest';
import type { ConfigDraft, ConfigSpace } from '../api/types';
import { environmentsOf, rowsOf, sharesOf } from './config';

const space = (name: string, values: Record<string, Record<string, string>> = {}, inherits: string[] = []) =>
  ({ name, version: 3, content: { layer: 'application', inherits, items: {}, values, description: '' } }) as unknown as ConfigSpace;

describe('config', () => {
  it('lists what is published and what is only edited', () => {
    const draft = { name: 'new', by: 'ada', content: { layer: 'host', inherits: [], template: 'machines', items: {}, values: {} } } as unknown as ConfigDraft;
    const rows = rowsOf([space('web', {}, ['shared'])], [draft]);
    expect(rows.map(({ name, version, parents }) => [name, version, parents])).toEqual([['new', undefined, ['machines']], ['web', 3, ['shared']]]);
  });

  it('knows the environments of what is inherited, and is not led round in circles', () => {
    const spaces = [space('web', { '*': {}, prod: {} }, ['shared']), space('shared', { test: {} }, ['web'])];
    expect(environmentsOf('web', spaces)).toEqual(['prod', 'test']);
    expect(environmentsOf('nothing', spaces)).toEqual([]);
  });

  it('tells what is declared in the manifest, and what only some readers have', () => {
    const declared = { ...space('web'), declared: {} } as unknown as ConfigSpace;
    const staged = { ...space('shop'), staged: { number: 4 } } as unknown as ConfigSpace;
    expect(rowsOf([declared, staged], []).map((row) => [row.name, row.declared, row.staged])).toEqual([['shop', false, 4], ['web', true, undefined]]);
  });

  it('reads shares as people write them', () => {
    expect(sharesOf(' 5%, 25 %,50,')).toEqual(['5%', '25%', '50%']);
    expect(sharesOf('')).toEqual([]);
  });
});
